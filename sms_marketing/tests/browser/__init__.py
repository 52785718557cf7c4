"""Tests in a browser. They take more than one core, so they run one after the other."""

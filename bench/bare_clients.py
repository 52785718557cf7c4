"""Bare HTTP clients, with nothing of ours: the limit that the machine sets to any sending.

Each hands so many texts to an address, so many at once, over kept-alive connections.
"""

import asyncio
import http.client
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import aiohttp
import requests
import urllib3

BODY = urlencode({"To": "+32470000000", "From": "+3225550000", "Body": "Boots at half price"})
HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


def _with_requests(url):
    session = requests.Session()
    session.trust_env = False
    return lambda: session.post(url, data=BODY, headers=HEADERS, timeout=30).status_code


def _with_urllib3(url):
    pool = urllib3.PoolManager(maxsize=1, retries=False)
    return lambda: pool.request("POST", url, body=BODY, headers=HEADERS, timeout=30).status


def _with_http_client(url):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)

    def post():
        connection.request("POST", parts.path, BODY, HEADERS)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    return post


def _in_threads(connect):
    def run(url, texts, concurrency):
        local = threading.local()

        def send(_number):
            if not hasattr(local, "post"):
                local.post = connect(url)
            return local.post()

        with ThreadPoolExecutor(concurrency) as threads:
            began = time.perf_counter()
            statuses = set(threads.map(send, range(texts)))
            seconds = time.perf_counter() - began
        if statuses != {201}:
            raise SystemExit(f"the provider answered {statuses}")
        return texts / seconds

    return run


def _with_aiohttp(url, texts, concurrency):
    async def run():
        connector = aiohttp.TCPConnector(limit=concurrency)
        async with aiohttp.ClientSession(connector=connector) as session:
            waiting = iter(range(texts))

            async def send():
                for _number in waiting:
                    async with session.post(url, data=BODY, headers=HEADERS) as answer:
                        await answer.read()

            began = time.perf_counter()
            await asyncio.gather(*(send() for _worker in range(concurrency)))
            return texts / (time.perf_counter() - began)

    return asyncio.run(run())


#: name -> function(url, texts, concurrency) that returns texts a second
CLIENTS = {
    "requests": _in_threads(_with_requests),
    "urllib3": _in_threads(_with_urllib3),
    "http.client": _in_threads(_with_http_client),
    "aiohttp": _with_aiohttp,
}

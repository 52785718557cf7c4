"""P7: from a key pressed to the editor's counter and phone showing it, in a text of 1,600 letters.

Needs a served database with the add-on (`python3 -m dev serve DB`), Chromium, and playwright:

    .dev/venv/bin/python bench/editor.py --url http://127.0.0.1:8069

Prints the figures beside the goal. It makes one draft message and deletes it again.
"""

import argparse
import json
import shutil
import statistics
from pathlib import Path

from playwright.sync_api import sync_playwright

GOAL = 16
"""Milliseconds: one frame at 60 Hz."""

BEGINNING = (
    "Hello {{ object.first_name ||| there }}, our spring sale starts today. "
    "See https://www.example.com/sale?from={{ object.ref }} or come by.\n"
)

CALL = """async ([method, args]) => {
    const answer = await fetch("/web/dataset/call_kw", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({
            jsonrpc: "2.0",
            params: { model: "sms.marketing.message", method, args, kwargs: {} },
        }),
    });
    const { result, error } = await answer.json();
    if (error) throw new Error(error.data.message);
    return result;
}"""

# From the key's own time stamp to the moment when counter and phone are changed in the page.
# `work` leaves out the wait for the next frame: what the scripts themselves took.
WATCH = """() => {
    window.keys = [];
    let pressed = null;
    let frame = null;
    document.addEventListener("keydown", (ev) => {
        const missing = new Set(["counter", "phone"]);
        pressed = { at: ev.timeStamp, handled: performance.now(), missing };
        requestAnimationFrame(() => (frame = performance.now()));
    }, true);
    document.addEventListener("input", () => {
        queueMicrotask(() => pressed && (pressed.input = performance.now()));
    });
    const all = { subtree: true, childList: true, characterData: true };
    const watch = (name, selector) => new MutationObserver(() => {
        if (!pressed?.missing.delete(name) || pressed.missing.size) return;
        const now = performance.now();
        const work = pressed.input - pressed.handled + Math.max(0, now - frame);
        window.keys.push({ latency: now - pressed.at, work });
        pressed = null;
    }).observe(document.querySelector(selector), all);
    watch("counter", ".o_sms_marketing_measures");
    watch("phone", ".o_sms_marketing_phone");
}"""


def measure(url, login, password, *, length, keys):
    """One run: {"latency": […], "work": […]} in milliseconds, and the calls made for a key."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/web/login")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", password)
        page.click("button[type=submit]")
        page.wait_for_selector(".o_web_client")
        body = (BEGINNING * (length // len(BEGINNING) + 1))[: length - keys].rpartition("{{")[0]
        body = body.ljust(length - keys, "x")
        created = page.evaluate(CALL, ["create", [[{"name": "Benchmark", "body": body}]]])
        try:
            page.goto(f"{url}/odoo/sms-campaigns/{created[0]}")
            page.wait_for_selector(".o_sms_marketing_phone")
            page.wait_for_selector("button[name=segments]")
            # The client keeps its bus open, so the network is never idle; let it settle.
            page.wait_for_timeout(2000)
            page.click(".o_sms_marketing_paper textarea")
            page.keyboard.press("Control+End")
            calls = []
            page.on("request", lambda request: calls.append(request.url))
            page.evaluate(WATCH)
            for number in range(keys):
                page.keyboard.press("abcdefghij"[number % 10])
                page.wait_for_timeout(30)
            seen = page.evaluate("window.keys")
            called = [call for call in calls if "/call_kw/sms.marketing" in call]
        finally:
            page.goto("about:blank")
            page.goto(f"{url}/web/login")
            page.evaluate(CALL, ["unlink", [created]])
            browser.close()
    if len(seen) < keys * 0.9:
        raise SystemExit(f"only {len(seen)} of {keys} keys were seen: nothing is measured")
    return {name: [key[name] for key in seen] for name in ("latency", "work")}, called


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8069")
    parser.add_argument("--login", default="admin")
    parser.add_argument("--password", default="admin")
    parser.add_argument("--length", type=int, default=1600, help="characters of the text")
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    runs = [
        measure(
            options.url.rstrip("/"),
            options.login,
            options.password,
            length=options.length,
            keys=options.keys,
        )
        for _ in range(options.runs)
    ]
    figures = {"goal": GOAL, "length": options.length, "calls": sum(len(run[1]) for run in runs)}
    for name in ("latency", "work"):
        medians = [statistics.median(run[name]) for run, _calls in runs]
        slow = [statistics.quantiles(run[name], n=20)[-1] for run, _calls in runs]
        figures[name] = {
            "median": round(statistics.median(medians), 1),
            "p95": round(statistics.median(slow), 1),
        }
    print(f"P7  key to counter and phone, text of {options.length} characters, {len(runs)} runs")
    print(f"{'':34}{'median':>9}{'95 %':>9}{'goal':>9}")
    for name, label in (
        ("work", "work of the scripts"),
        ("latency", "with the wait for the frame"),
    ):
        figure = figures[name]
        print(f"  {label:32}{figure['median']:>6} ms{figure['p95']:>6} ms{GOAL:>6} ms")
    print(f"  {'calls to the server for a key':32}{figures['calls']:>6}{'':>18}{0:>3}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()

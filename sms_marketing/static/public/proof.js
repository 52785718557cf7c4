/**
 * Solves the puzzle of the page that keeps robots out, and sends its form: a number such that the
 * SHA-256 of "token:number" begins with so many zero bits. Plain and self-contained, as it runs on
 * whatever phone opens the page; `crypto.subtle` is missing without https, and slow for many short
 * texts.
 */
(function () {
    "use strict";

    const K = [];
    const START = [];

    /** The first 32 bits of the fractional part of a root of a prime, as SHA-256 wants them. */
    function fraction(number, power) {
        const root = Math.pow(number, power);
        return ((root - Math.floor(root)) * 4294967296) | 0;
    }

    for (let candidate = 2; K.length < 64; candidate++) {
        let isPrime = true;
        for (let factor = 2; factor * factor <= candidate; factor++) {
            isPrime = isPrime && candidate % factor !== 0;
        }
        if (isPrime) {
            if (START.length < 8) {
                START.push(fraction(candidate, 1 / 2));
            }
            K.push(fraction(candidate, 1 / 3));
        }
    }

    /** The first word of the SHA-256 of an ASCII text: puzzles ask for no more than 32 bits. */
    function firstWord(text) {
        const length = text.length;
        const words = new Int32Array((((length + 8) >> 6) + 1) * 16);
        for (let at = 0; at < length; at++) {
            words[at >> 2] |= text.charCodeAt(at) << (24 - (at % 4) * 8);
        }
        words[length >> 2] |= 0x80 << (24 - (length % 4) * 8);
        words[words.length - 1] = length * 8;
        const state = START.slice();
        const w = new Int32Array(64);
        for (let block = 0; block < words.length; block += 16) {
            let s = state.slice();
            for (let i = 0; i < 64; i++) {
                if (i < 16) {
                    w[i] = words[block + i];
                } else {
                    const x = w[i - 15];
                    const y = w[i - 2];
                    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
                    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
                    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
                }
                const a = s[0];
                const e = s[4];
                const big1 =
                    ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
                const t1 = (s[7] + big1 + ((e & s[5]) ^ (~e & s[6])) + K[i] + w[i]) | 0;
                const big0 =
                    ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
                const t2 = (big0 + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]))) | 0;
                s = [(t1 + t2) | 0, a, s[1], s[2], (s[3] + t1) | 0, e, s[5], s[6]];
            }
            for (let j = 0; j < 8; j++) {
                state[j] = (state[j] + s[j]) | 0;
            }
        }
        return state[0];
    }

    const form = document.getElementById("proof");
    const token = form.elements.proof.value;
    const bits = Number(form.dataset.bits);
    let answer = 0;

    /** In short turns, so that the page stays usable. */
    function search() {
        const end = Date.now() + 40;
        while (Date.now() < end) {
            for (let turn = 0; turn < 200; turn++, answer++) {
                if (firstWord(token + ":" + answer) >>> (32 - bits) === 0) {
                    form.elements.answer.value = String(answer);
                    form.submit();
                    return;
                }
            }
        }
        setTimeout(search, 0);
    }

    search();
})();

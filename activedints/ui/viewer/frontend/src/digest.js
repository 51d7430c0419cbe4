// SHA-256 and base64 of bytes.

// By the browser where it offers it: not on plain http, as inner servers of hospitals run, and there by the code below.
export async function sha256(bytes) {
  if (!globalThis.crypto?.subtle) return ownSha256(bytes)
  const digest = await crypto.subtle.digest('SHA-256', bytes)
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

const ROUND = new Uint32Array(64)
const START = new Uint32Array(8)
for (let candidate = 2, found = 0; found < 64; candidate++) {
  let prime = true
  for (let d = 2; d * d <= candidate; d++) if (candidate % d === 0) prime = false
  if (!prime) continue
  if (found < 8) START[found] = fraction(Math.sqrt(candidate))
  ROUND[found++] = fraction(Math.cbrt(candidate))
}

function fraction(value) {
  return Math.floor((value - Math.floor(value)) * 2 ** 32)
}

export function ownSha256(bytes) {
  const state = START.slice()
  const words = new Uint32Array(64)
  const whole = bytes.length - (bytes.length % 64)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at < whole; at += 64) block(state, words, view, at)
  const tail = new Uint8Array(bytes.length % 64 < 56 ? 64 : 128)
  tail.set(bytes.subarray(whole))
  tail[bytes.length % 64] = 0x80
  const end = new DataView(tail.buffer)
  end.setBigUint64(tail.length - 8, BigInt(bytes.length) * 8n)
  for (let at = 0; at < tail.length; at += 64) block(state, words, end, at)
  return [...state].map((word) => word.toString(16).padStart(8, '0')).join('')
}

function block(state, w, view, at) {
  for (let t = 0; t < 16; t++) w[t] = view.getUint32(at + 4 * t)
  for (let t = 16; t < 64; t++) {
    const [p, q] = [w[t - 15], w[t - 2]]
    const s0 = ((p >>> 7) | (p << 25)) ^ ((p >>> 18) | (p << 14)) ^ (p >>> 3)
    const s1 = ((q >>> 17) | (q << 15)) ^ ((q >>> 19) | (q << 13)) ^ (q >>> 10)
    w[t] = w[t - 16] + s0 + w[t - 7] + s1
  }
  let [a, b, c, d, e, f, g, h] = state
  for (let t = 0; t < 64; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const one = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[t] + w[t]) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + one) | 0
    d = c
    c = b
    b = a
    a = (one + two) | 0
  }
  const add = [a, b, c, d, e, f, g, h]
  for (let i = 0; i < 8; i++) state[i] += add[i]
}

export function base64(bytes) {
  let text = ''
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return btoa(text)
}

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { Clock, minutes } from '../src/clock.js'
import { keyOf } from '../src/commands.js'
import { autoWindow, dragWindow } from '../src/contrast.js'
import { base64, ownSha256, sha256 } from '../src/digest.js'
import { Grid } from '../src/grid.js'
import { angle, distance, measureText } from '../src/measure.js'
import { gunzip, gzip, parse } from '../src/nifti.js'
import { diagonal } from './chance.js'

test('SHA-256 and base64 equal those of Node, at every length around a block', async () => {
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) % 256)
    assert.equal(await sha256(bytes), createHash('sha256').update(bytes).digest('hex'))
    assert.equal(ownSha256(bytes), createHash('sha256').update(bytes).digest('hex'))
    assert.equal(base64(bytes), Buffer.from(bytes).toString('base64'))
  }
  const many = new Uint8Array(100001).fill(7)
  assert.equal(ownSha256(many.subarray(1)), createHash('sha256').update(many.subarray(1)).digest('hex'))
  assert.equal(base64(many), Buffer.from(many).toString('base64'))
})

test('gzip there and back; a volume is read at its offset', async () => {
  const file = new ArrayBuffer(352 + 12)
  const header = new DataView(file)
  ;[3, 3, 2, 1].forEach((n, i) => header.setInt16(40 + 2 * i, n, true))
  header.setInt16(70, 4, true)
  header.setFloat32(108, 352, true)
  header.setFloat32(112, 0.5, true)
  header.setFloat32(116, -1, true)
  new Int16Array(file, 352).set([1, -2, 3, -4, 5, -6])
  const read = parse(await gunzip(await gzip(new Uint8Array(file))), [3, 2, 1])
  assert.deepEqual([...read.voxels], [1, -2, 3, -4, 5, -6])
  assert.deepEqual([read.slope, read.intercept], [0.5, -1])
  assert.equal(read.automatic, null)
  header.setFloat32(124, 4, true) // cal_max
  header.setFloat32(128, 1, true)
  assert.deepEqual(parse(file, [3, 2, 1]).automatic, { low: 4, high: 10 })
  assert.throws(() => parse(file, [3, 2, 2]), /3 x 2 x 1 voxels, but the case has 3 x 2 x 2/)
})

test('the automatic window leaves the air and the brightest out', () => {
  const voxels = Int16Array.from({ length: 2000 }, (_, i) => (i < 1000 ? 0 : i - 999))
  const { low, high } = autoWindow(voxels)
  assert.ok(low >= 8 && low <= 12)
  assert.ok(high >= 990 && high <= 1000)
  assert.deepEqual(autoWindow(new Int16Array(8)), { low: 0, high: 1 })
  assert.deepEqual(dragWindow({ low: 0, high: 100 }, 0, 30), { low: 10, high: 110 })
  assert.ok(dragWindow({ low: 0, high: 100 }, 50, 0).high > 100)
})

test('the clock runs while the reader works, and pauses a minute after', () => {
  let now = 0
  const clock = new Clock(() => now)
  now = 30
  clock.touch()
  assert.equal(clock.seconds, 30)
  now = 200
  assert.equal(clock.tick(true), 90)
  assert.equal(clock.idle, true)
  now = 300
  assert.equal(clock.tick(true), 90)
  clock.touch()
  now = 310
  assert.equal(clock.tick(false), 90) // the page is hidden
  now = 320
  assert.equal(clock.tick(true), 100)
  assert.equal(minutes(605.9), '10:05')
})

test('distances and angles in millimetres', () => {
  const grid = new Grid([9, 9, 9], diagonal(2, 1, 1))
  assert.equal(distance(grid, [0, 0, 0], [2, 3, 0]), 5)
  assert.ok(Math.abs(angle(grid, [1, 0, 0], [0, 0, 0], [0, 4, 0]) - 90) < 1e-9)
  assert.equal(measureText(grid, [[0, 0, 0], [2, 3, 0]]), '5.0 mm')
  assert.equal(measureText(grid, [[1, 0, 0], [0, 0, 0], [1, 2, 0]]), '45°')
})

test('keys as the table writes them', () => {
  const key = (name, more = {}) => keyOf({ key: name, ctrlKey: false, metaKey: false, shiftKey: false, ...more })
  assert.equal(key('Z', { ctrlKey: true, shiftKey: true }), 'ctrl+shift+z')
  assert.equal(key('y', { ctrlKey: true }), 'ctrl+shift+z')
  assert.equal(key('?', { shiftKey: true }), '?')
  assert.equal(key('ArrowUp', { shiftKey: true }), 'shift+arrowup')
  assert.equal(key('s', { metaKey: true }), 'ctrl+s')
  assert.equal(key(' '), 'space')
  assert.equal(key('ArrowLeft', { ctrlKey: true }), 'ctrl+arrowleft')
})

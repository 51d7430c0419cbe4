import assert from 'node:assert/strict'
import test from 'node:test'
import { Drawing, allowedTable } from '../src/drawing.js'
import { Grid } from '../src/grid.js'
import { FEWEST_STEPS, History, MOST_STEPS, packRuns } from '../src/history.js'
import { chance, diagonal } from './chance.js'

const grid = new Grid([4, 3, 2], diagonal(10, 10, 10)) // 1 mL a voxel

function drawing(regions = []) {
  return new Drawing(grid, new Uint8Array(grid.size), regions)
}

function paint(target, pen, indices, rule = {}, where = null) {
  const stroke = target.begin(pen, rule, where)
  for (const index of indices) stroke.visit(index)
  return stroke.end()
}

test('a stroke, its millilitres, undo and redo', () => {
  const map = drawing()
  assert.equal(paint(map, 2, [0, 1, 1, 5]), 3)
  assert.equal(map.volume(2), 3)
  assert.equal(map.undo(), true)
  assert.equal(map.volume(2), 0)
  assert.equal(map.undo(), false)
  assert.equal(map.redo(), true)
  assert.deepEqual([...map.voxels.slice(0, 6)], [2, 2, 0, 0, 0, 2])
  assert.equal(map.redo(), false)
})

test('what may be overwritten', () => {
  const start = () => {
    const map = drawing()
    paint(map, 1, [0, 1])
    paint(map, 2, [2])
    return map
  }
  const after = (rule, pen = 3) => {
    const map = start()
    paint(map, pen, [0, 1, 2, 3], rule)
    return [...map.voxels.slice(0, 4)]
  }
  assert.deepEqual(after({ overwrite: 'all' }), [3, 3, 3, 3])
  assert.deepEqual(after({ overwrite: 'background' }), [1, 1, 2, 3])
  assert.deepEqual(after({ overwrite: 1 }), [3, 3, 2, 0])
  assert.deepEqual(after({ locked: new Set([1]) }), [1, 1, 3, 3])
  assert.deepEqual(after({ locked: new Set([3]) }), [1, 1, 2, 0])
  assert.deepEqual(after({ locked: new Set([2]) }, 0), [0, 0, 2, 0])
  assert.deepEqual(after({ overwrite: 'background' }, 0), [0, 0, 0, 0])
  assert.equal(allowedTable(3, {}).reduce((a, b) => a + b), 256)
})

test('nothing changes outside the regions, nor where the threshold says no', () => {
  const map = drawing([[[0, 0, 0], [2, 1, 1]], [[3, 2, 1], [4, 3, 2]]])
  assert.equal(paint(map, 1, Array.from({ length: 24 }, (_, i) => i)), 3)
  assert.deepEqual(map.voxels.reduce((list, v, i) => (v ? [...list, i] : list), []), [0, 1, 23])
  const other = drawing()
  assert.equal(paint(other, 1, [0, 1, 2, 3], {}, (index) => index % 2 === 0), 2)
})

test('a cancelled stroke never was', () => {
  const map = drawing()
  paint(map, 1, [3])
  const stroke = map.begin(2, {})
  for (const index of [2, 3, 4]) stroke.visit(index)
  stroke.cancel()
  assert.equal(stroke.end(), 0)
  assert.deepEqual([...map.voxels.slice(2, 5)], [0, 1, 0])
  assert.equal(map.volume(2), 0)
})

test('a new stroke forgets what was undone', () => {
  const map = drawing()
  paint(map, 1, [0])
  map.undo()
  paint(map, 2, [1])
  assert.equal(map.redo(), false)
  assert.deepEqual([...map.voxels.slice(0, 2)], [0, 2])
})

test('undo never lies: any walk through strokes, undo and redo shows the maps that were (naive oracle)', () => {
  const random = chance(5)
  for (let trial = 0; trial < 20; trial++) {
    const map = drawing()
    const past = [map.voxels.slice()]
    let at = 0
    for (let step = 0; step < 80; step++) {
      const choice = random.real()
      if (choice < 0.5) {
        const indices = Array.from({ length: random.whole(1, 12) }, () => random.whole(0, grid.size))
        const rule = { overwrite: ['all', 'background', 1][random.whole(0, 3)], locked: new Set([random.whole(4, 7)]) }
        if (paint(map, random.whole(0, 5), indices, rule)) past.splice(++at, Infinity, map.voxels.slice())
      } else if (choice < 0.8) {
        assert.equal(map.undo(), at > 0)
        at = Math.max(0, at - 1)
      } else {
        assert.equal(map.redo(), at < past.length - 1)
        at = Math.min(past.length - 1, at + 1)
      }
      assert.deepEqual(map.voxels, past[at])
      for (let value = 0; value < 8; value++) {
        assert.equal(map.counts[value], map.voxels.filter((v) => v === value).length)
      }
    }
  }
})

test('replacing the whole map is one step, under the same rules', () => {
  const map = drawing()
  paint(map, 1, [0, 1])
  const next = map.voxels.slice()
  next.set([0, 2, 3], 0)
  assert.equal(map.replace(next, { locked: new Set([3]) }), 2)
  assert.deepEqual([...map.voxels.slice(0, 3)], [0, 2, 0])
  map.undo()
  assert.deepEqual([...map.voxels.slice(0, 3)], [1, 1, 0])
})

test('runs are packed by hand', () => {
  const runs = packRuns([7, 0, 2, 5, 0, 2, 6, 0, 2, 9, 1, 2])
  assert.deepEqual([...runs], [5, 3, 0x200, 9, 1, 0x201])
})

test('at least fifty steps are kept, however large; many more when small', () => {
  const history = new History()
  const large = new Int32Array(1e6)
  for (let i = 0; i < 120; i++) history.add(large)
  assert.equal(history.done.length, FEWEST_STEPS)
  const small = new History()
  for (let i = 0; i < 300; i++) small.add(Int32Array.of(i, 1, 0x100))
  assert.equal(small.done.length, MOST_STEPS)
})

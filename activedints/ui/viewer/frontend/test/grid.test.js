import assert from 'node:assert/strict'
import test from 'node:test'
import { Grid, PLANES, Placement, positionAt } from '../src/grid.js'
import { borders, eachPixel } from '../src/layers.js'
import { chance, diagonal } from './chance.js'

test('indices, volumes and millimetres by hand', () => {
  const grid = new Grid([4, 3, 2], [[2, 0, 0, -10], [0, 1, 0, 5], [0, 0, 3, 0], [0, 0, 0, 1]])
  assert.equal(grid.index([3, 2, 1]), 23)
  assert.deepEqual(grid.voxel(23), [3, 2, 1])
  assert.deepEqual(grid.mm([1, 2, 1]), [-8, 7, 3])
  assert.equal(grid.millilitres, 0.006)
  assert.deepEqual(grid.spacing, [2, 1, 3])
  assert.deepEqual(grid.clamp([-3, 1.4, 9]), [0, 1, 1])
})

test('from millimetres back to voxels, in tilted grids too', () => {
  const random = chance(1)
  for (let i = 0; i < 100; i++) {
    const t = random.real(-0.6, 0.6)
    const affine = [[2 * Math.cos(t), -Math.sin(t), 0, 3], [2 * Math.sin(t), Math.cos(t), 0, -7], [0, 0, 2.5, 1], [0, 0, 0, 1]]
    const grid = new Grid([9, 9, 9], affine)
    const voxel = [random.real(0, 8), random.real(0, 8), random.real(0, 8)]
    grid.fromMm(grid.mm(voxel)).forEach((v, axis) => assert.ok(Math.abs(v - voxel[axis]) < 1e-9))
  }
})

test('an axial pane by hand: right on the left, anterior on top', () => {
  const grid = new Grid([10, 20, 5], diagonal(2, 1, 3)) // 20 x 20 mm in the axial plane
  const pane = new Placement(grid, 'axial', 200, 100)
  assert.equal(pane.scale, 4.75) // 95 of 100 pixels for 20 mm
  assert.deepEqual(pane.rectangle(), [52.5, 2.5, 95, 95])
  assert.deepEqual(positionAt(pane, 'axial', 2, 54, 3).map((v) => Math.round(v) + 0), [9, 19, 2])
  assert.deepEqual(positionAt(pane, 'axial', 2, 146, 96).map((v) => Math.round(v) + 0), [0, 0, 2])
  const neurological = new Placement(grid, 'axial', 200, 100, { radiological: false })
  assert.deepEqual(positionAt(neurological, 'axial', 2, 54, 3).map((v) => Math.round(v) + 0), [0, 19, 2])
})

test('from the screen to the voxel and back, wherever the pane was moved', () => {
  const random = chance(2)
  const grid = new Grid([17, 23, 11], diagonal(1, 2, 0.7))
  for (let i = 0; i < 200; i++) {
    const plane = Object.keys(PLANES)[i % 3]
    const centre = i % 2 ? [random.real(0, 10), random.real(0, 10)] : null
    const pane = new Placement(grid, plane, 300, 200, { zoom: random.real(0.5, 8), centre, radiological: i % 5 > 0 })
    const [u, v] = [random.real(0, 17), random.real(0, 11)]
    pane.toEdge(...pane.toScreen(u, v)).forEach((edge, k) => assert.ok(Math.abs(edge - [u, v][k]) < 1e-9))
  }
})

test('the picture and the pointer agree on every voxel', () => {
  const grid = new Grid([7, 5, 6], diagonal(1, 2, 3))
  for (const plane of Object.keys(PLANES)) {
    for (const radiological of [true, false]) {
      const pane = new Placement(grid, plane, 400, 300, { radiological })
      const [x0, y0, width, height] = pane.rectangle()
      const { across, up } = PLANES[plane]
      const [columns, rows] = [grid.shape[across], grid.shape[up]]
      eachPixel(grid, plane, 2, pane.mirrored, (pixel, index) => {
        const [column, row] = [pixel % columns, Math.floor(pixel / columns)]
        const x = x0 + ((column + 0.5) * width) / columns
        const y = y0 + ((row + 0.5) * height) / rows
        assert.equal(grid.index(positionAt(pane, plane, 2, x, y).map(Math.round)), index)
      })
    }
  }
})

test('the border of a label of one voxel is its four edges', () => {
  const grid = new Grid([3, 3, 1], diagonal(1, 1, 1))
  const edges = borders(grid, 'axial', 0, (index) => (index === 4 ? 7 : 0))
  assert.deepEqual([...edges.keys()], [7])
  assert.deepEqual(edges.get(7), [1, 1, 1, 2, 2, 1, 2, 2, 1, 1, 2, 1, 1, 2, 2, 2])
})

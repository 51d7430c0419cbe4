// The label map being drawn: one byte a voxel, its counts, what may be overwritten, and an undo that never lies.

import { History, packRuns } from './history.js'

export class Drawing {
  constructor(grid, voxels, regions = []) {
    this.grid = grid
    this.voxels = voxels
    this.regions = regions // half-open boxes; where there are any, nothing outside changes
    this.history = new History()
    this.version = 0 // grows with every voxel written
    this.counts = new Int32Array(256)
    for (let i = 0; i < voxels.length; i++) this.counts[voxels[i]]++
  }

  // Millilitres of one label.
  volume(value) {
    return this.counts[value] * this.grid.millilitres
  }

  // Start one undoable change that writes `pen`. rule: {overwrite: 'all' | 'background' | a label value, locked: Set}.
  // `where(index)` may narrow it further (a threshold brush).
  begin(pen, rule, where = null) {
    return new Stroke(this, pen, allowedTable(pen, rule), where)
  }

  // One undoable change to another label map of the same size, under the same rules. Returns the voxels changed.
  replace(next, rule) {
    const tables = new Map()
    const change = new Stroke(this, 0, null, null)
    for (let i = 0; i < next.length; i++) {
      const pen = next[i]
      if (pen === this.voxels[i]) continue
      if (!tables.has(pen)) tables.set(pen, allowedTable(pen, rule))
      change.pen = pen
      change.allowed = tables.get(pen)
      change.visit(i)
    }
    return change.end()
  }

  undo() {
    return this.history.undo((index, before) => this.put(index, before))
  }

  redo() {
    return this.history.redo((index, after) => this.put(index, after))
  }

  put(index, value) {
    this.counts[this.voxels[index]]--
    this.counts[value]++
    this.voxels[index] = value
    this.version++
  }

  inRegion(index) {
    if (!this.regions.length) return true
    const voxel = this.grid.voxel(index)
    return this.regions.some(([low, high]) => voxel.every((v, axis) => v >= low[axis] && v < high[axis]))
  }
}

// Which present values a pen may write over, as a table of 256.
export function allowedTable(pen, { overwrite = 'all', locked = new Set() } = {}) {
  const table = new Uint8Array(256)
  if (pen !== 0 && locked.has(pen)) return table
  for (let value = 0; value < 256; value++) {
    // erasing is never stopped by "only background": there would be nothing to erase
    const wanted = overwrite === 'all' || (overwrite === 'background' ? value === 0 || pen === 0 : value === overwrite)
    table[value] = wanted && !locked.has(value) ? 1 : 0
  }
  return table
}

class Stroke {
  constructor(drawing, pen, allowed, where) {
    this.drawing = drawing
    this.pen = pen
    this.allowed = allowed
    this.where = where
    this.changes = [] // index, before, after, index, ...
    this.visit = this.visit.bind(this)
  }

  visit(index) {
    const { drawing, pen } = this
    const before = drawing.voxels[index]
    if (before === pen || !this.allowed[before]) return
    if ((this.where && !this.where(index)) || !drawing.inRegion(index)) return
    this.changes.push(index, before, pen)
    drawing.put(index, pen)
  }

  // Close the change: one step of undo, if anything changed. Returns the number of voxels changed.
  end() {
    if (this.changes.length) this.drawing.history.add(packRuns(this.changes))
    return this.changes.length / 3
  }

  // Take the change back as if it had never begun.
  cancel() {
    for (let i = this.changes.length - 3; i >= 0; i -= 3) this.drawing.put(this.changes[i], this.changes[i + 1])
    this.changes = []
  }
}

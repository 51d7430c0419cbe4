// What the model does for the reader: refine by a scribble, predict a box again, show another map of where it is
// unsure. Questions are numbered; an answer changes only voxels that are still as they were when it was asked.

import { base64 } from './digest.js'
import { fetchVolume, gunzip, gzip } from './nifti.js'
import { profiles } from './propose.js'

const REACH = 24 // mm around a scribble that a question holds
const MOST = 64 // voxels along a side, unless the scribble itself is longer
const SIDE = 64 // mm of the box that is predicted again where none was drawn
const PATIENCE = { refine: 20, predict: 120, prompt: 100, map: 300 } // seconds after which a question is given up

export class Assist {
  constructor(viewer) {
    this.viewer = viewer
    this.send = () => {}
    this.number = 0
    this.asked = null // {number, box, sent, rule, what}
    this.queue = [] // scribbles drawn while a question is under way: [indices, value]
  }

  offers(what) {
    return Boolean(this.viewer.data?.help?.includes(what))
  }

  // The lane reads the case before the first stroke.
  warm() {
    if (this.warmed === this.viewer.data.case || !this.offers('refine')) return
    this.warmed = this.viewer.data.case
    this.post({ do: 'prepare' })
  }

  // A scribble (grid indices) that says: this is `value`.
  async refine(indices, value) {
    const { viewer } = this
    if (this.asked) return this.queue.push([indices, value])
    const what = viewer.external && this.offers('prompt') ? 'prompt' : 'refine'
    const box = what === 'prompt' ? [[0, 0, 0], [...viewer.grid.shape]] : boxAround(viewer.grid, indices)
    const scribble = new Uint8Array(volume(box))
    for (const index of indices) scribble[place(box, viewer.grid.voxel(index))] = 1
    const more = { value, channel: viewer.active.name, scribble: base64(await gzip(scribble)) }
    await this.ask(what, box, more, what === 'prompt' ? 'Asking nnInteractive…' : 'Refining…')
  }

  async predict() {
    const { viewer } = this
    if (!this.offers('predict')) return viewer.frame.say('This case is read without the model’s opinion.')
    await this.ask('predict', viewer.box ?? boxAbout(viewer.grid, viewer.cross, SIDE), {}, 'Predicting this box again…')
  }

  map(measure, value) {
    this.asked = { what: 'map', value, measure, rule: null }
    this.viewer.frame.say('Making this map…')
    this.post({ do: 'map', measure, value })
  }

  async ask(what, box, more, words) {
    const { viewer } = this
    if (!viewer.editable) return
    if (this.asked) return viewer.frame.say('The last question is still being answered.')
    const sent = cutBox(viewer.grid, viewer.drawing.voxels, box)
    this.asked = { what, box, sent, rule: viewer.rule }
    viewer.frame.say(words)
    this.post({ do: what, box, label: base64(await gzip(sent)), ...more })
  }

  post(question) {
    const { viewer, asked } = this
    this.number = Math.max(this.number, viewer.data.answer?.number ?? 0) + 1
    if (asked) asked.number = this.number
    clearTimeout(this.waiting)
    if (asked) this.waiting = setTimeout(() => this.drop('No answer came; is a worker running?'), 1000 * PATIENCE[asked.what])
    this.send({ ...question, case: viewer.data.case, number: this.number })
  }

  drop(words = '') {
    clearTimeout(this.waiting)
    this.asked = null
    if (words) this.queue = []
    this.viewer.set({ scribble: null })
    if (words) this.viewer.frame.say(words)
  }

  // Another case was opened: nothing of the last one is waited for.
  forget() {
    clearTimeout(this.waiting)
    this.asked = null
    this.queue = []
  }

  // Python's answer, which stays in the data until the next one.
  async answer(answer) {
    const { viewer, asked } = this
    if (!answer || answer.number === this.seen || answer.case !== viewer.data.case) return
    if (asked?.number !== answer.number) {
      if (answer.number !== this.number) return
      this.seen = answer.number // of a warming: only a failure is worth a word
      if (!answer.ok) this.warmed = null
      return
    }
    this.seen = answer.number
    if (!answer.ok) return this.drop(answer.text)
    if (asked.what === 'map') await this.showMap(answer.map)
    else await this.write(answer)
  }

  async write(answer) {
    const { viewer, asked } = this
    const voxels = new Uint8Array(await gunzip(unbase64(answer.label), 'deflate'))
    this.drop()
    const next = viewer.drawing.voxels.slice()
    eachOfBox(viewer.grid, asked.box, (index, at) => {
      if (next[index] === asked.sent[at]) next[index] = voxels[at]
    })
    const changed = viewer.drawing.replace(next, asked.rule)
    const millilitres = (changed * viewer.grid.millilitres).toFixed(2)
    viewer.frame.say(changed ? `${answer.text}: ${millilitres} mL changed; undo takes it back.` : 'Nothing changed here.')
    if (changed) viewer.changed()
    if (this.queue.length) await this.refine(...this.queue.shift())
  }

  async showMap(url) {
    const { viewer, asked } = this
    const { grid } = viewer
    const heat = await fetchVolume(url, viewer.data.shape)
    this.drop()
    if (viewer.grid !== grid || !viewer.heat) return
    Object.assign(viewer.heat, { voxels: heat.voxels, profiles: profiles(grid, heat.voxels), name: `${asked.measure}-${asked.value}` })
    viewer.set({})
    viewer.frame.say('')
  }
}

// The half-open box that holds a scribble and its surroundings.
export function boxAround(grid, indices) {
  const low = [...grid.shape]
  const high = [0, 0, 0]
  for (const index of indices) {
    grid.voxel(index).forEach((v, axis) => {
      low[axis] = Math.min(low[axis], v)
      high[axis] = Math.max(high[axis], v + 1)
    })
  }
  return span(grid, (axis) => {
    const room = Math.max(0, Math.floor((MOST - (high[axis] - low[axis])) / 2))
    const margin = Math.min(room, Math.ceil(REACH / grid.spacing[axis]))
    return [low[axis] - margin, high[axis] + margin]
  })
}

// A box of `side` mm about a voxel.
export function boxAbout(grid, voxel, side) {
  return span(grid, (axis) => {
    const half = Math.max(1, Math.round(side / 2 / grid.spacing[axis]))
    return [Math.round(voxel[axis]) - half, Math.round(voxel[axis]) + half]
  })
}

function span(grid, ends) {
  const pairs = [0, 1, 2].map((axis) => {
    const [from, to] = ends(axis)
    return [Math.max(0, from), Math.min(grid.shape[axis], to)]
  })
  return [pairs.map(([from]) => from), pairs.map(([, to]) => to)]
}

export function volume([low, high]) {
  return high.reduce((product, v, axis) => product * (v - low[axis]), 1)
}

// Position of a voxel within a box, x fastest.
function place([low, high], [x, y, z]) {
  return x - low[0] + (high[0] - low[0]) * (y - low[1] + (high[1] - low[1]) * (z - low[2]))
}

export function eachOfBox(grid, [low, high], visit) {
  let at = 0
  for (let z = low[2]; z < high[2]; z++) {
    for (let y = low[1]; y < high[1]; y++) {
      let index = grid.index([low[0], y, z])
      for (let x = low[0]; x < high[0]; x++, index++, at++) visit(index, at)
    }
  }
}

export function cutBox(grid, voxels, box) {
  const cut = new Uint8Array(volume(box))
  eachOfBox(grid, box, (index, at) => {
    cut[at] = voxels[index]
  })
  return cut
}

function unbase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
}

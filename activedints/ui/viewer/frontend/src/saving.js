// What travels to Python, and when: drafts after a pause, submit, skip and flag. Every message is numbered, and is sent
// again until its receipt comes back. What Python has not confirmed lies in the browser's own store as well.

import { base64, sha256 } from './digest.js'
import { dropDraft, readDraft, writeDraft } from './drafts.js'
import { gunzip, gzip } from './nifti.js'

const PAUSE = 2500 // ms without a stroke before a draft is sent
const LONGEST = 5000 // ms after the first unsaved stroke when one is sent in any case
const PATIENCE = 15000 // ms before a message is sent again

export class Saving {
  constructor(viewer) {
    this.viewer = viewer
    this.send = () => {}
    this.number = 0
    this.version = this.saved = 0
    this.pending = null
    this.closed = false
    this.hide = () => document.hidden && this.unsaved && this.draft()
    this.warnLeaving = (event) => this.unsaved && event.preventDefault()
    document.addEventListener('visibilitychange', this.hide)
    window.addEventListener('beforeunload', this.warnLeaving)
  }

  get unsaved() {
    return this.version !== this.saved && !this.closed
  }

  open(data) {
    this.base = data.segmentation?.sha ?? 'empty'
    this.version = this.saved = 0
    this.closed = false
    this.pending = null
  }

  changed() {
    this.version++
    const now = Date.now()
    this.since ??= now
    clearTimeout(this.keeping)
    this.keeping = setTimeout(() => this.keep(), 800)
    clearTimeout(this.waiting)
    this.waiting = setTimeout(() => this.draft(), Math.max(0, Math.min(PAUSE, this.since + LONGEST - now)))
    this.viewer.frame.state('Unsaved strokes')
  }

  // Into the browser's own store, until Python has them.
  async keep() {
    if (!this.unsaved || !this.viewer.drawing) return
    const { version, base } = this
    const { data, drawing, clock } = this.viewer
    const mask = await gzip(drawing.voxels.slice())
    if (version !== this.version || this.closed) return
    await writeDraft({ case: data.case, base, mask, seconds: clock.seconds, time: Date.now() })
  }

  // Strokes that an earlier page could not save come back, as one step that can be undone.
  async restore() {
    const { viewer } = this
    const kept = viewer.data.readOnly ? null : await readDraft(viewer.data.case)
    if (!kept) return
    const voxels = new Uint8Array(await gunzip(kept.mask))
    if (voxels.length !== viewer.grid.size) return dropDraft(kept.case)
    const bring = () => {
      viewer.clock.seconds = Math.max(viewer.clock.seconds, kept.seconds)
      if (viewer.drawing.replace(voxels, {})) viewer.changed()
      viewer.frame.say('Strokes that were not saved yet came back from this browser; undo takes them out.')
    }
    if (kept.base === this.base) return bring()
    const time = new Date(kept.time).toLocaleTimeString()
    viewer.frame.ask(`This browser holds strokes of ${time} that were never saved, but the case changed since.`, {
      'Bring them back': bring,
      'Drop them': () => dropDraft(kept.case),
    })
  }

  draft() {
    clearTimeout(this.waiting)
    if (!this.unsaved || this.viewer.pointer.drawing) return this.unsaved && this.later()
    return this.post('draft')
  }

  later() {
    this.waiting = setTimeout(() => this.draft(), 500)
  }

  async post(kind, reason = '') {
    const { viewer } = this
    if (this.pending?.kind === 'draft' && kind === 'draft') return this.later()
    const { version } = this
    this.since = null
    const message = { kind, case: viewer.data.case, reason, seconds: round(viewer.clock.tick(!document.hidden)) }
    if (viewer.drawing) {
      const voxels = viewer.drawing.voxels.slice()
      Object.assign(message, { sha: sha256(voxels), mask: base64(await gzip(voxels)) })
    }
    message.number = this.number = Math.max(this.number, viewer.data.receipt?.number ?? 0) + 1
    this.pending = { kind, version, message }
    viewer.frame.state({ draft: 'Saving…', submit: 'Submitting…' }[kind] ?? 'Sending…')
    this.deliver()
  }

  deliver() {
    clearTimeout(this.resend)
    if (!this.pending) return
    this.send(this.pending.message)
    this.resend = setTimeout(() => {
      this.viewer.frame.warn('The server has not answered yet; your strokes are safe in this browser, and are sent again.')
      this.deliver()
    }, PATIENCE)
  }

  receipt(receipt) {
    const { pending, viewer } = this
    if (!receipt || !pending || receipt.number !== pending.message.number) return
    clearTimeout(this.resend)
    this.pending = null
    if (!receipt.ok) {
      viewer.frame.warn(receipt.text)
      return
    }
    this.base = pending.message.sha ?? this.base
    this.saved = pending.version
    this.closed = pending.kind !== 'draft'
    if (!this.unsaved) dropDraft(pending.message.case)
    viewer.frame.unwarn()
    viewer.frame.state(this.unsaved ? 'Unsaved strokes' : receipt.text)
    viewer.frame.refresh()
  }

  leave() {
    for (const timer of [this.waiting, this.keeping, this.resend]) clearTimeout(timer)
    document.removeEventListener('visibilitychange', this.hide)
    window.removeEventListener('beforeunload', this.warnLeaving)
  }
}

function round(seconds) {
  return Math.round(seconds * 10) / 10
}

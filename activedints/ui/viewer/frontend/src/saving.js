// What travels to Python, and when: drafts after a pause, submit, skip and flag. Every message is numbered, and is sent
// again until its receipt comes back. What Python has not confirmed lies in the browser's own store as well.

import { base64, sha256 } from './digest.js'
import { dropDraft, readDraft, writeDraft } from './drafts.js'
import { gunzip, gzip } from './nifti.js'
import { rememberRemark } from './preferences.js'

const SOON = 300 // ms after a stroke when the browser's own store has it
const PAUSE = 2500 // ms without a stroke before a draft is sent
const LONGEST = 5000 // ms after the first unsaved stroke when one is sent in any case
const PATIENCE = 5000 // ms without a receipt before the viewer asks why
const TRIES = 4 // unanswered sendings to a live server after which this page no longer belongs to it
const NUDGE = 2000 // ms after which fresh data without a receipt means that the message was lost

export class Saving {
  constructor(viewer) {
    this.viewer = viewer
    this.send = () => {}
    this.number = 0
    this.version = this.saved = this.kept = 0
    this.pending = null // {kind, version, message, sent}
    this.closed = false
    this.hide = () => document.hidden && this.draft()
    this.warnLeaving = (event) => this.unsaved && this.kept !== this.version && event.preventDefault()
    document.addEventListener('visibilitychange', this.hide)
    window.addEventListener('beforeunload', this.warnLeaving)
  }

  get unsaved() {
    return this.version !== this.saved && !this.closed
  }

  // A submit, skip or flag is on its way: nothing may change until it is answered.
  get leaving() {
    return Boolean(this.pending) && this.pending.kind !== 'draft'
  }

  open(data) {
    this.base = data.segmentation?.sha ?? 'empty'
    this.version = this.saved = this.kept = 0
    this.closed = false
    this.pending = null
    this.pack = null
    this.since = null
    this.inherited = null
  }

  changed() {
    this.version++
    const now = Date.now()
    this.since ??= now
    clearTimeout(this.keeping)
    this.keeping = setTimeout(() => this.keep(), SOON)
    clearTimeout(this.waiting)
    this.waiting = setTimeout(() => this.draft(), Math.max(0, Math.min(PAUSE, this.since + LONGEST - now)))
    this.viewer.frame.state('Unsaved strokes')
  }

  // The drawing as it travels, {sha, mask: gzipped bytes}; made once per version, so that a submit need not wait for it.
  packed() {
    if (this.pack?.version !== this.version) {
      const voxels = this.viewer.drawing.voxels.slice()
      const made = Promise.all([sha256(voxels), gzip(voxels)]).then(([sha, mask]) => ({ sha, mask }))
      this.pack = { version: this.version, made }
    }
    return this.pack.made
  }

  // Into the browser's own store, until Python has them.
  async keep() {
    if (!this.unsaved || !this.viewer.drawing) return
    const { version, base } = this
    const { data, clock } = this.viewer
    const { mask } = await this.packed()
    if (version !== this.version || this.closed) return
    await writeDraft({ case: data.case, base, mask, seconds: clock.seconds, time: Date.now() })
    this.kept = version
    this.disinherit()
  }

  disinherit() {
    if (this.inherited) dropDraft(this.inherited.case, this.inherited.tab)
    this.inherited = null
  }

  // Strokes that an earlier page could not save come back, as one step that can be undone.
  async restore() {
    const { viewer } = this
    const kept = viewer.data.readOnly ? null : await readDraft(viewer.data.case)
    if (!kept) return
    const voxels = new Uint8Array(await gunzip(kept.mask))
    if (voxels.length !== viewer.grid.size) return dropDraft(kept.case, kept.tab)
    const bring = () => {
      viewer.clock.seconds = Math.max(viewer.clock.seconds, kept.seconds)
      this.inherited = kept // dropped once this page holds them itself
      if (viewer.drawing.replace(voxels, {})) viewer.changed()
      else this.disinherit()
      viewer.frame.say('Strokes that were not saved yet came back from this browser; undo takes them out.')
    }
    if (kept.base === this.base) return bring()
    const time = new Date(kept.time).toLocaleTimeString()
    viewer.frame.ask(`This browser holds strokes of ${time} that were never saved, but the case changed since.`, {
      'Bring them back': bring,
      'Drop them': () => dropDraft(kept.case, kept.tab),
    })
  }

  draft() {
    clearTimeout(this.waiting)
    if (!this.unsaved || this.leaving || !this.viewer.drawing) return
    if (this.pending || this.viewer.pointer.drawing) this.waiting = setTimeout(() => this.draft(), 500)
    else this.post('draft')
  }

  async post(kind, reason = '', regions = []) {
    const { viewer } = this
    if (this.leaving || this.closed) return
    const pending = { kind, version: this.version, message: null, sent: 0 }
    this.pending = pending
    this.since = null
    viewer.frame.state({ draft: 'Saving…', submit: 'Submitting…' }[kind] ?? 'Sending…')
    viewer.frame.refresh()
    const message = { kind, case: viewer.data.case, reason, regions, seconds: round(viewer.clock.tick(!document.hidden)) }
    if (viewer.drawing) {
      const { sha, mask } = await this.packed()
      Object.assign(message, { sha, mask: base64(mask) })
    }
    if (kind === 'submit') {
      message.difficulty = viewer.remark.difficulty
    }
    if (this.pending !== pending) return // a submit overtook this draft
    message.number = this.number = Math.max(this.number, viewer.data.receipt?.number ?? 0) + 1
    pending.message = message
    this.deliver()
  }

  deliver() {
    clearTimeout(this.resend)
    if (!this.pending?.message) return
    this.pending.sent = Date.now()
    this.pending.tries = (this.pending.tries ?? 0) + 1
    this.send(this.pending.message)
    this.resend = setTimeout(() => this.ask(), PATIENCE)
  }

  // No receipt: is the connection gone, the server slow, or is this a new server that does not know this page? To the
  // last, Streamlit delivers nothing; loading the page anew brings the strokes back from the browser's own store.
  async ask() {
    const { viewer, pending } = this
    const answer = await fetch(viewer.data.channels[0].url, { cache: 'no-store', method: 'HEAD' }).catch(() => null)
    if (!pending || this.pending !== pending) return
    if (!answer) {
      viewer.frame.warn('There is no connection. Your strokes are kept in this browser, and are sent when it is back.')
      this.resend = setTimeout(() => this.ask(), PATIENCE / 2)
    } else if (answer.status !== 404 && pending.tries < TRIES) {
      this.deliver()
    } else if (viewer.pointer.drawing) {
      this.resend = setTimeout(() => this.ask(), 500)
    } else {
      viewer.frame.warn('The server was restarted; this page loads again, with your strokes.')
      await this.keep()
      location.reload()
    }
  }

  // Python's answer, or data without one: after a broken connection that means that the message never arrived.
  receipt(receipt) {
    const { pending, viewer } = this
    if (!pending?.message) return
    if (receipt?.number !== pending.message.number) {
      if (Date.now() - pending.sent > NUDGE) this.deliver()
      return
    }
    clearTimeout(this.resend)
    this.pending = null
    viewer.frame.unwarn()
    if (receipt.ok) {
      this.base = pending.message.sha ?? this.base
      this.saved = pending.version
      this.closed = pending.kind !== 'draft'
      if (!this.unsaved) dropDraft(pending.message.case)
      if (this.closed) rememberRemark(pending.message.case, null)
      viewer.frame.state(this.unsaved ? 'Unsaved strokes' : receipt.text)
    } else {
      viewer.frame.warn(receipt.text)
      viewer.frame.state('Not saved')
    }
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

// The viewer's furniture: title bar, tools, stage, side panel, status line.

import { minutes } from './clock.js'
import { keyOf } from './commands.js'
import { button, h } from './dom.js'
import { Side } from './side.js'
import { LAYOUTS } from './viewer.js'
import { showHelp } from './dialogs.js'

const TOOLS = ['navigate', 'brush', 'eraser', 'outline', 'threshold', 'grow', 'correct', 'box', 'distance', 'angle']

export class Frame {
  constructor(viewer) {
    this.viewer = viewer
    this.buttons = new Map()
    this.title = h('strong', { class: 'title' })
    this.notes = h('p', { class: 'notes' })
    this.channelBar = h('div', { class: 'segments', role: 'group', 'aria-label': 'Channel' })
    this.layoutBar = h('div', { class: 'segments', role: 'group', 'aria-label': 'Layout' })
    for (const [id, text] of Object.entries(LAYOUTS)) this.layoutBar.append(this.command(id, { text }))
    this.time = h('span', { class: 'time', title: 'Active time on this case; it pauses after a minute without work' })
    this.stage = h('div', { class: 'stage' })
    this.side = new Side(viewer)
    this.live = h('span', { class: 'live', role: 'status', 'aria-live': 'polite' })
    this.saved = h('span', { class: 'saved', role: 'status', 'aria-live': 'polite' })
    this.place = h('span', { class: 'place' })
    this.notice = h('div', { class: 'notice', role: 'alert', hidden: true })
    this.root = h(
      'div',
      { class: 'viewer', tabIndex: 0, role: 'application', 'aria-label': 'Slice viewer; press ? for its keys' },
      h('header', {}, this.title, this.channelBar, h('span', { class: 'gap' }), this.layoutBar, this.time),
      this.notes,
      h('div', { class: 'body' }, this.rail(), this.stage, this.side.element),
      this.notice,
      h('footer', {}, this.place, this.live, h('span', { class: 'gap' }), this.saved, this.actions()),
    )
    this.root.addEventListener('keydown', (event) => this.key(event))
    this.root.addEventListener('pointerdown', () => viewer.clock.touch())
    this.root.addEventListener('pointermove', () => viewer.clock.touch())
    this.root.addEventListener('wheel', () => viewer.clock.touch(), { passive: true })
  }

  // A button for a command of the table, kept by its id so that refresh() can press it.
  command(id, options = {}) {
    const { label, key, run } = this.viewer.commands.find((each) => each.id === id)
    const made = button({ label, key, run, ...options })
    this.buttons.set(id, made)
    return made
  }

  rail() {
    const tools = TOOLS.map((id) => this.command(id, { icon: id, pressed: false }))
    const rest = ['undo', 'redo', 'full', 'help'].map((id) => this.command(id, { icon: id }))
    return h('div', { class: 'rail', role: 'toolbar', 'aria-label': 'Tools', 'aria-orientation': 'vertical' }, ...tools, h('hr'), ...rest)
  }

  actions() {
    const { viewer } = this
    this.remark = this.command('remark', { text: 'Comment' })
    this.skip = this.command('skip', { text: 'Skip' })
    this.flag = this.command('flag', { text: 'Flag' })
    this.submit = this.command('submit', { text: 'Submit', kind: 'primary' })
    return h('div', { class: 'actions' }, this.remark, this.skip, this.flag, this.submit)
  }

  get answers() {
    return [this.remark, this.skip, this.flag, this.submit]
  }

  key(event) {
    const { viewer } = this
    viewer.clock.touch()
    event.stopPropagation() // Streamlit has single-letter keys of its own
    const typing = event.composedPath()[0].matches('input:not([type=range]):not([type=checkbox]), textarea, select')
    const onControl = event.composedPath()[0].matches('button, input, select, summary')
    const key = keyOf(event)
    if (typing || (onControl && ['enter', 'space', 'arrowup', 'arrowdown', 'pageup', 'pagedown'].includes(key))) return
    const command = viewer.commands.find((each) => each.key === key)
    if (!command || !viewer.grid || this.root.querySelector('dialog[open]') || (viewer.pointer.drawing && command.id !== 'drop')) return
    event.preventDefault()
    command.run()
  }

  open(data) {
    const { viewer } = this
    this.title.textContent = this.title.title = data.title
    this.notes.textContent = this.notes.title = data.notes
    this.notes.hidden = !data.notes
    this.buttons.get('compare').hidden = !data.versions?.length
    this.channelBar.replaceChildren(
      ...data.channels.map(({ name }, number) =>
        button({ label: name, key: number ? '' : 'x', pressed: false, run: () => viewer.set({ channel: number }) }),
      ),
    )
    const closed = data.readOnly
    for (const each of this.answers) each.hidden = closed
    this.unwarn()
    this.say('')
    this.state(closed ? 'For reading only' : '')
    this.side.open(data)
    this.refresh()
    this.tick(viewer.clock.seconds)
  }

  refresh() {
    const { viewer } = this
    for (const id of TOOLS) this.buttons.get(id).setAttribute('aria-pressed', String(viewer.tool === id))
    for (const id of Object.keys(LAYOUTS)) this.buttons.get(id).setAttribute('aria-pressed', String(viewer.layout === id))
    ;[...this.channelBar.children].forEach((each, number) => {
      each.setAttribute('aria-pressed', String(viewer.channel === number))
      each.classList.toggle('loading', !viewer.channels[number]?.voxels)
    })
    for (const id of ['brush', 'eraser', 'outline', 'threshold', 'grow', 'correct', 'box']) this.buttons.get(id).disabled = !viewer.editable
    for (const each of this.answers) each.disabled = !viewer.editable
    const { difficulty, comment } = viewer.remark
    const said = [comment ? 'Comment ✓' : 'Comment', difficulty].filter(Boolean).join(' · ')
    this.remark.textContent = said
    this.remark.setAttribute('aria-label', said)
    this.side.refresh()
  }

  // Under the pointer (or at the crosshair): mm, value, label.
  readout() {
    const { viewer } = this
    if (!viewer.grid) return
    const voxel = viewer.grid.clamp(viewer.hover?.position ?? viewer.cross)
    const index = viewer.grid.index(voxel)
    const parts = [`${viewer.grid.mm(voxel).map((v) => v.toFixed(1)).join(', ')} mm`]
    const { active, drawing, heat } = viewer
    if (active?.voxels) parts.push(`${active.name} ${+(active.voxels[index] * active.slope + active.intercept).toPrecision(5)}`)
    const label = drawing && viewer.labels.find(({ value }) => value === drawing.voxels[index])
    if (label) parts.push(label.name)
    if (heat) parts.push(`uncertainty ${(heat.voxels[index] / 255).toFixed(2)}`)
    this.place.textContent = parts.join(' · ')
  }

  tick(seconds) {
    this.time.textContent = `${minutes(seconds)}${this.viewer.clock.idle ? ' paused' : ''}`
  }

  say(text) {
    this.live.textContent = text
  }

  state(text) {
    this.saved.textContent = text
    this.root.dataset.saved = String(!this.viewer.saving.unsaved)
  }

  warn(text) {
    this.ask(text, {})
  }

  unwarn() {
    this.notice.hidden = true
  }

  // A sentence across the viewer, with buttons that answer it.
  ask(text, answers) {
    const buttons = Object.entries({ ...answers, Close: () => {} }).map(([label, run]) =>
      button({
        label,
        run: () => {
          this.unwarn()
          run()
        },
      }),
    )
    this.notice.replaceChildren(h('span', {}, text), ...buttons)
    this.notice.hidden = false
  }

  help() {
    showHelp(this.viewer)
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen()
    else this.root.requestFullscreen()
  }
}

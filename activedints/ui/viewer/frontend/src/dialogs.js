// The dialogs: why a case is skipped or flagged, how hard it was, what looks wrong, and the keyboard map.

import { button, h } from './dom.js'
import { rememberRemark } from './preferences.js'

function open(viewer, title, ...children) {
  const dialog = h('dialog', { 'aria-label': title }, h('h2', {}, title), ...children)
  dialog.addEventListener('close', () => {
    dialog.remove()
    viewer.root.focus({ preventScroll: true })
  })
  viewer.root.append(dialog)
  dialog.showModal()
  return dialog
}

// Calls answer(reason) with the chosen reason and what was written beside it.
export function askReason(viewer, title, choices, answer) {
  const comment = h('textarea', { rows: '2', maxLength: 1000, placeholder: 'Comment (may stay empty)', 'aria-label': 'Comment' })
  const pick = (choice) => () => {
    dialog.close()
    answer([choice, comment.value.trim()].filter(Boolean).join(': '))
  }
  const buttons = choices.map((choice) => button({ label: choice, run: pick(choice) }))
  const cancel = button({ label: 'Cancel', kind: 'quiet', run: () => dialog.close() })
  const dialog = open(viewer, title, comment, h('div', { class: 'choices' }, ...buttons), cancel)
  comment.focus()
}

// How hard the case was, and a comment: both go with the submission, and may be changed until then.
export function askRemark(viewer) {
  const remark = { ...viewer.remark }
  const comment = h('textarea', { rows: '3', maxLength: 1000, placeholder: 'Comment (may stay empty)', 'aria-label': 'Comment' })
  comment.value = remark.comment
  const choices = (viewer.data.difficulties ?? []).map((word) => {
    const made = button({ label: word, pressed: remark.difficulty === word, run: () => {
      remark.difficulty = remark.difficulty === word ? '' : word
      for (const each of choices) each.setAttribute('aria-pressed', String(each.textContent === remark.difficulty))
    } })
    return made
  })
  const keep = button({ label: 'Keep', kind: 'primary', run: () => {
    viewer.remark = { ...remark, comment: comment.value.trim() }
    rememberRemark(viewer.data.case, viewer.remark)
    dialog.close()
    viewer.set({})
    viewer.frame.say('Goes with your submission.')
  } })
  const cancel = button({ label: 'Cancel', kind: 'quiet', run: () => dialog.close() })
  const group = h('div', { class: 'choices', role: 'group', 'aria-label': 'How hard it was' }, ...choices)
  const dialog = open(viewer, 'How was this case?', group, comment, h('div', { class: 'choices' }, keep, cancel))
  comment.focus()
}

// What may not be meant, an island that breaks a rule or a proposal not drawn: each place can be jumped to, and the reader decides.
export function showWarnings(viewer, warnings, send) {
  const rows = warnings.slice(0, 12).map(({ text, at }) =>
    h('li', {}, h('span', {}, text), button({ label: 'Go there', kind: 'small', run: () => { dialog.close(); viewer.moveTo(at) } })),
  )
  const more = warnings.length > rows.length ? h('p', { class: 'hint' }, `and ${warnings.length - rows.length} more`) : null
  const anyway = button({ label: 'Submit all the same', kind: 'primary', run: () => { dialog.close(); send() } })
  const back = button({ label: 'Back to the case', run: () => dialog.close() })
  const dialog = open(viewer, 'Is this meant?', h('ul', { class: 'warnings' }, ...rows), more, h('div', { class: 'choices' }, back, anyway))
  back.focus()
}

export function showHelp(viewer) {
  const groups = [...new Set(viewer.commands.map(({ group }) => group))]
  const columns = groups.map((group) => {
    const rows = viewer.commands.filter((each) => each.group === group && !/^label-[4-9]$/.test(each.id))
    const lines = rows.map(({ key, label }) => h('li', {}, h('kbd', {}, pretty(key)), label))
    return h('section', {}, h('h3', {}, group), h('ul', {}, ...lines))
  })
  const mouse = [
    ['left', 'the tool'],
    ['Shift + left', 'move the crosshair'],
    ['right', 'window and level'],
    ['middle, Ctrl + left', 'move the picture'],
    ['wheel', 'slices'],
    ['Ctrl + wheel', 'zoom'],
  ].map(([key, label]) => h('li', {}, h('kbd', {}, key), label))
  columns.push(h('section', {}, h('h3', {}, 'Mouse'), h('ul', {}, ...mouse)))
  const close = button({ label: 'Close', run: () => dialog.close() })
  const dialog = open(viewer, 'Keys', h('div', { class: 'keymap' }, ...columns), close)
}

function pretty(key) {
  const names = { arrowup: '↑', arrowdown: '↓', pageup: 'PgUp', pagedown: 'PgDn', ctrl: 'Ctrl', shift: 'Shift', enter: 'Enter', escape: 'Esc', arrowleft: '←', arrowright: '→', space: 'Space' }
  if (key === '+') return '+'
  return key.split('+').map((part) => names[part] ?? part.toUpperCase()).join(' + ')
}

// Small DOM building blocks: an element in one call, and the viewer's icons.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (name in element && typeof value !== 'string') element[name] = value
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children.filter((child) => child !== null))
  return element
}

const PATHS = {
  navigate: 'M12 3v18M3 12h18M12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z',
  brush: 'M14.5 4.5l5 5L10 19c-1.6 1.6-4.6 1.7-6 1.6.2-1.5.1-4.4 1.5-6z M12 7l5 5',
  eraser: 'M8.5 19.5L4 15l9.5-9.5a1.5 1.5 0 0 1 2.1 0l3.9 3.9a1.5 1.5 0 0 1 0 2.1L11.5 19.5zM8.5 10.5l6 6M8.5 19.5H20',
  outline: 'M5 14c-2-6 4-10 9-8s7 7 3 11-10 3-12-3zM5 14l2 .5M17 17l-1-1.5',
  threshold: 'M4 19V14M8 19V9M12 19V5M16 19v-8M20 19v-4M3 12h18',
  grow: 'M12 12m-2 0a2 2 0 1 0 4 0 2 2 0 1 0-4 0M12 4V7M12 17v3M4 12h3M17 12h3M6.3 6.3l2.1 2.1M15.6 15.6l2.1 2.1M6.3 17.7l2.1-2.1M15.6 8.4l2.1-2.1',
  correct: 'M4 16c3-6 5 4 8-2s4 2 8-6M15 4l1 2.4 2.4 1-2.4 1-1 2.4-1-2.4-2.4-1 2.4-1z',
  box: 'M4 7.5L12 4l8 3.5v9L12 20l-8-3.5zM4 7.5l8 3.5 8-3.5M12 11v9',
  distance: 'M4 17L17 4l3 3L7 20zM8 13l1.5 1.5M11 10l2 2M14 7l1.5 1.5',
  angle: 'M4 19h16M4 19L16 5M10.5 19a7 7 0 0 0-2-5.2',
  undo: 'M8 5L4 9l4 4M4 9h10a5.5 5.5 0 0 1 0 11h-4',
  redo: 'M16 5l4 4-4 4M20 9H10a5.5 5.5 0 0 0 0 11h4',
  locked: 'M6.5 11h11v9h-11zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  unlocked: 'M6.5 11h11v9h-11zM8.5 11V8a3.5 3.5 0 0 1 6.7-1.4',
  seen: 'M3 12c3-5 6-6.5 9-6.5s6 1.5 9 6.5c-3 5-6 6.5-9 6.5S6 17 3 12zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z',
  hidden: 'M3 12c3-5 6-6.5 9-6.5s6 1.5 9 6.5c-3 5-6 6.5-9 6.5S6 17 3 12zM4 20L20 4',
  full: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  help: 'M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5v.5',
}

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  for (const [key, value] of [['viewBox', '0 0 24 24'], ['aria-hidden', 'true']]) svg.setAttribute(key, value)
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  path.setAttribute('d', PATHS[name])
  svg.append(path)
  return svg
}

// A key of the command table as ARIA writes it.
function shortcut(key) {
  const names = { ctrl: 'Control', arrowup: 'ArrowUp', arrowdown: 'ArrowDown', arrowleft: 'ArrowLeft', arrowright: 'ArrowRight', pageup: 'PageUp', pagedown: 'PageDown' }
  if (key === '+') return 'Plus'
  return key.split('+').map((part) => names[part] ?? part[0].toUpperCase() + part.slice(1)).join('+')
}

// A button that may be pressed or not, with its key in the tooltip.
export function button({ label, key = '', icon: symbol = null, text = symbol ? '' : label, run, pressed = null, kind = '' }) {
  const element = h('button', {
    type: 'button',
    class: kind,
    title: key ? `${label} (${key})` : label,
    'aria-label': label,
    'aria-keyshortcuts': key ? shortcut(key) : null,
    'aria-pressed': pressed === null ? null : String(pressed),
    onclick: run,
  })
  element.append(...(symbol ? [icon(symbol)] : []), text)
  return element
}

// A labelled slider that shows its value. `show(value)` is the text beside it.
export function slider({ label, min, max, step, value, show, change }) {
  const output = h('output', {}, show(value))
  const input = h('input', { type: 'range', min: String(min), max: String(max), step: String(step), 'aria-label': label })
  input.value = value
  input.addEventListener('input', () => {
    output.textContent = show(Number(input.value))
    change(Number(input.value))
  })
  const element = h('label', { class: 'slider' }, h('span', {}, label), input, output)
  element.set = (next) => {
    input.value = next
    output.textContent = show(next)
  }
  return element
}

export function percent(value) {
  return `${Math.round(100 * value)} %`
}

// Streamlit's door: mounts one Viewer per element, and hands it new data without mounting it again.

import css from './style.css'
import { h } from './dom.js'
import { Viewer } from './viewer.js'

const mounted = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  let viewer = mounted.get(parentElement)
  if (!viewer) {
    parentElement.append(h('style', {}, css))
    viewer = new Viewer(parentElement)
    mounted.set(parentElement, viewer)
  }
  viewer.saving.send = (message) => setTriggerValue('event', message)
  viewer.assist.send = (question) => setTriggerValue('question', question)
  viewer.receive(data)
  return () => {
    viewer.leave()
    mounted.delete(parentElement)
  }
}

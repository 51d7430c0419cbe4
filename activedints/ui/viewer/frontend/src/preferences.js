// What a reader chose stays in this browser: the picture and the brush, nothing of any case.

const KEY = 'activedints.viewer'
const NAMES = ['layout', 'brush', 'radiological', 'smooth', 'crosshair', 'outlined', 'fill', 'growing', 'windows']

export function recall() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return Object.fromEntries(NAMES.filter((name) => name in kept).map((name) => [name, kept[name]]))
  } catch {
    return {} // another program's entry, or no storage: the defaults stand
  }
}

const SEEN = (caseId) => `activedints.seen.${caseId}`

// Which uncertain spots were looked at, as long as this tab lives.
export function recallSeen(caseId) {
  return JSON.parse(sessionStorage.getItem(SEEN(caseId)) ?? '[]')
}

export function rememberSeen({ data, spots }) {
  const seen = spots.flatMap(({ seen }, number) => (seen ? [number] : []))
  sessionStorage.setItem(SEEN(data.case), JSON.stringify(seen))
}

const REMARK = (caseId) => `activedints.remark.${caseId}`

// How hard the reader found a case, and the comment, until it is submitted.
export function recallRemark(caseId) {
  return JSON.parse(sessionStorage.getItem(REMARK(caseId)) ?? '{"difficulty": "", "comment": ""}')
}

export function rememberRemark(caseId, remark) {
  if (remark) sessionStorage.setItem(REMARK(caseId), JSON.stringify(remark))
  else sessionStorage.removeItem(REMARK(caseId))
}

export function remember(viewer) {
  localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(NAMES.map((name) => [name, viewer[name]]))))
}

// Unconfirmed drawings in the browser's IndexedDB, one per case and page, so that two tabs never write over each
// other; dropped as soon as Python has them.

const STORE = 'drafts of tabs'
const TAB = `${Date.now()}-${Math.random()}`

function database() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('activedints-viewer', 2)
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: ['case', 'tab'] })
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function transact(mode, act) {
  const open = await database()
  try {
    return await new Promise((resolve, reject) => {
      const transaction = open.transaction(STORE, mode)
      const request = act(transaction.objectStore(STORE))
      transaction.oncomplete = () => resolve(request.result)
      transaction.onerror = transaction.onabort = () => reject(transaction.error)
    })
  } finally {
    open.close()
  }
}

const ofCase = (caseId) => IDBKeyRange.bound([caseId], [caseId, []])

export const writeDraft = (draft) => transact('readwrite', (store) => store.put({ ...draft, tab: TAB }))
export const dropDraft = (caseId, tab = TAB) => transact('readwrite', (store) => store.delete([caseId, tab]))

// The newest unconfirmed drawing of a case, whichever page made it.
export async function readDraft(caseId) {
  const drafts = await transact('readonly', (store) => store.getAll(ofCase(caseId)))
  return drafts.sort((a, b) => b.time - a.time)[0]
}

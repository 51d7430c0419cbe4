// Unconfirmed drawings in the browser's IndexedDB, one per case; dropped as soon as Python has them.

const STORE = 'drafts'

function database() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('activedints-viewer', 1)
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'case' })
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

export const writeDraft = (draft) => transact('readwrite', (store) => store.put(draft))
export const readDraft = (caseId) => transact('readonly', (store) => store.get(caseId))
export const dropDraft = (caseId) => transact('readwrite', (store) => store.delete(caseId))

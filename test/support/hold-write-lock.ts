import { DatabaseSync } from '@photostructure/sqlite'

/**
 * Takes an embedded store's write lock, so that every commit waits, as behind another process that is
 * writing; reads go on. The returned function gives it back; calling it again does nothing.
 */
export function holdWriteLock(path: string): () => void {
  const connection = new DatabaseSync(path, { timeout: 5_000 })
  connection.exec('BEGIN IMMEDIATE')
  return () => {
    if (!connection.isOpen) return
    connection.exec('ROLLBACK')
    connection.close()
  }
}

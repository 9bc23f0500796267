import { allowSharedEtcd, stopSharedEtcd } from './shared-etcd.js'

/**
 * Mocha's root hooks, loaded with --require. What all test files share ends with the run; and a
 * rejection that nobody handles fails the test under way, which mocha 12 by itself passes over.
 */
export const mochaHooks = {
  beforeAll(): void {
    allowSharedEtcd()
    process.on('unhandledRejection', (reason) => {
      throw reason
    })
  },
  async afterAll(): Promise<void> {
    await stopSharedEtcd()
  },
}

import { expect } from 'chai'
import { findEtcd } from '../../support/find-etcd.js'
import { createTempFolder, type TempFolder } from '../../support/temp-folder.js'

describe('findEtcd', () => {
  let folder: TempFolder
  beforeEach(async () => {
    folder = await createTempFolder()
  })
  afterEach(() => folder.remove())

  const failureOf = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'none',
      (error: unknown) => (error as Error).message,
    )

  it('refuses an AIRLOCK_TEST_ETCD that cannot be run, though another etcd is there', async () => {
    const path = await folder.write('etcd', '')
    const PATH = process.env['PATH'] ?? ''
    expect(await failureOf(findEtcd({ environment: { AIRLOCK_TEST_ETCD: path, PATH } }))).to.equal(
      `AIRLOCK_TEST_ETCD names '${path}', which is not an executable file`,
    )
  })

  it('refuses an etcd that is too old for the JSON gateway in use', async () => {
    const path = await folder.write('etcd', '#!/bin/sh\necho etcd Version: 3.3.25\n', 0o700)
    expect(await failureOf(findEtcd({ environment: { PATH: folder.path } }))).to.equal(
      `${path} is not an etcd of version 3.4 or later; it says: etcd Version: 3.3.25`,
    )
  })

  it('takes the image only where there is no binary', async () => {
    const environment = { AIRLOCK_TEST_ETCD_IMAGE: 'etcd:test', PATH: folder.path }
    expect(await findEtcd({ environment, usualFolders: [] })).to.deep.equal({
      kind: 'container',
      image: 'etcd:test',
      mayRunWithoutFsync: true,
    })
    await folder.write('etcd', '#!/bin/sh\necho etcd Version: 3.5.17\n', 0o700)
    expect(await findEtcd({ environment, usualFolders: [] })).to.deep.equal({
      kind: 'binary',
      path: folder.file('etcd'),
      mayRunWithoutFsync: true,
    })
  })

  it('says what to type where there is none', async () => {
    expect(
      await failureOf(findEtcd({ environment: { PATH: folder.path }, usualFolders: [] })),
    ).to.contain('apt-get install -y --no-install-recommends etcd-server')
  })
})

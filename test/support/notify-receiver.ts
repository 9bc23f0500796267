import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { atExit } from './at-exit.js'
import { createTempFolder } from './temp-folder.js'
import { eventually } from './eventually.js'

/** A datagram socket as systemd has one for its services; Node.js cannot make one, perl can. */
const PROGRAM = `
use IO::Socket::UNIX; use Socket; $| = 1;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die "cannot bind: $!";
print "listening\\n";
while (defined $socket->recv(my $message, 4096)) { $message =~ s/\\n/ /g; print "$message\\n"; }
`

/** What systemd would be told by a service, message by message. */
export interface NotifyReceiver {
  /** For NOTIFY_SOCKET. */
  readonly socket: string
  readonly messages: readonly string[]
  close(): Promise<void>
}

/** Starts a receiver of sd_notify messages. */
export async function startNotifyReceiver(): Promise<NotifyReceiver> {
  const folder = await createTempFolder()
  const socket = folder.file('notify')
  const child = spawn('perl', ['-e', PROGRAM, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  const forget = atExit(() => child.kill('SIGKILL'))
  const ended = new Promise((resolve) => child.once('close', resolve))
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    // By this systemd-notify waits until its message has been received.
    if (line.trim() !== 'BARRIER=1') lines.push(line.trim())
  })
  await eventually(() => {
    if (lines.shift() !== 'listening') throw new Error('the receiver does not listen')
  })
  return {
    socket,
    messages: lines,
    close: async () => {
      child.kill('SIGKILL')
      await ended
      forget()
      await folder.remove()
    },
  }
}

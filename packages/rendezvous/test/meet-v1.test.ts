import { UserInputError } from '@cosmicai/payload';
import { once } from 'node:events';
import { meetV1 } from '../src/tcpunch.ts';
import { PeerUnreachableError, RendezvousUnavailableError } from '../src/index.ts';
import { at, Scene } from './harness.ts';

const scene = new Scene();
afterEach(() => scene.close());

describe('peers of TCPunch v1', () => {
  it('meet by name, and exchange bytes without any framing', async () => {
    const server = await scene.server({ allowV1: true });
    const options = { rendezvous: at(server), pairingName: 'fmi0_1' };
    const [left, right] = await Promise.all([meetV1(options), meetV1(options)]);
    left.write('raw');
    right.resume();
    const [heard] = (await once(right, 'data')) as [Buffer];
    expect(heard.toString()).toBe('raw');
    left.destroy();
    right.destroy();
  });

  it('meet again and again under one name', async () => {
    const server = await scene.server({ allowV1: true });
    const options = { rendezvous: at(server), pairingName: 'fmi0_1' };
    for (let round = 0; round < 5; round++) {
      const sockets = await Promise.all([meetV1(options), meetV1(options)]);
      for (const socket of sockets) socket.destroy();
    }
    expect(server.stats().pairingsV1).toBe(5);
  });

  it('wait no longer than their deadline', async () => {
    const server = await scene.server({ allowV1: true });
    const attempt = meetV1({ rendezvous: at(server), pairingName: 'alone', deadline: Date.now() + 30 });
    await expect(attempt).rejects.toThrow(PeerUnreachableError);
    await expect(attempt).rejects.toThrow('pairing "alone"');
  });

  it('stop when told to', async () => {
    const server = await scene.server({ allowV1: true });
    const stop = new AbortController();
    const attempt = meetV1({ rendezvous: at(server), pairingName: 'alone', signal: stop.signal });
    stop.abort(new Error('changed my mind'));
    await expect(attempt).rejects.toThrow('changed my mind');
  });

  it('hear that a server does not serve them', async () => {
    const server = await scene.server({ timeouts: { firstMessage: 20 } });
    const attempt = meetV1({ rendezvous: at(server), pairingName: 'fmi0_1' });
    await expect(attempt).rejects.toThrow(RendezvousUnavailableError);
    await expect(attempt).rejects.toThrow('--allow-v1');
  });

  it('have names of 1 to 99 bytes', async () => {
    for (const pairingName of ['', 'x'.repeat(100)]) {
      await expect(meetV1({ rendezvous: at({ port: 1 }), pairingName })).rejects.toThrow(UserInputError);
    }
  });
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root, stageOptions } from '../src/index.ts';
import { SERVER_CONFIG } from '../src/stage/rendezvous-image.ts';

it('who builds the server’s image with Docker gets what a deployment pushes', async () => {
  const text = await readFile(join(root, 'services/rendezvous/Dockerfile'), 'utf8');
  const said = (word: string) => new RegExp(`^${word} (.*)$`, 'm').exec(text)?.[1];
  expect(said('USER')).toBe(SERVER_CONFIG.User);
  expect(JSON.parse(said('ENTRYPOINT')!)).toEqual(SERVER_CONFIG.Entrypoint);
  expect(stageOptions('dev').rendezvous.base_image.split('/').at(-1)).toBe(said('FROM'));
});

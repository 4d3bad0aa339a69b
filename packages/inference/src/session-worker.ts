import { serveSession } from './session-server.ts';

await serveSession();

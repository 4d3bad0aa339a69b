import { serveHdf5 } from './hdf5-server.ts';

await serveHdf5();

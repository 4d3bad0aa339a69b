import { serveSession } from '@cosmicai/inference';

// A bundle of its own beside the handler's: the predictor starts it in worker threads.
await serveSession();

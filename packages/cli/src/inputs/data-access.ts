import type { StoreAccess } from '@cosmicai/store';

/** How the bucket of a run's data is asked, by its payload as it was parsed or kept. */
export function dataAccess(payload: {
  readonly request_payer?: unknown;
  readonly sign_requests?: unknown;
}): StoreAccess {
  return { requestPayer: payload.request_payer === true, sign: payload.sign_requests !== false };
}

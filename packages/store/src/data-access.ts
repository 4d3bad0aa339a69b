import type { StoreAccess } from './s3/s3-client.ts';

/**
 * How the bucket of a run's data is asked, by its payload as it was parsed or kept.
 *
 * @param named what the command line says of all buckets: it goes further, never back
 */
export function dataAccess(
  payload: { readonly request_payer?: unknown; readonly sign_requests?: unknown },
  named: StoreAccess = {},
): StoreAccess {
  return {
    requestPayer: named.requestPayer === true || payload.request_payer === true,
    sign: named.sign !== false && payload.sign_requests !== false,
  };
}

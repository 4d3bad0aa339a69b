/** What Initialize says of a run whose ranks are to meet. */
export const runReference = {
  run_id: 'run-1',
  bucket: 'galaxies',
  result_path: 'out',
  manifest_key: 'out/runs/run-1/manifest.json',
  map_prefix: 'out/runs/run-1/map',
  world_size: 4,
  ranks_with_data: 3,
  max_concurrency: 10,
  tolerated_failure_percentage: 0,
  fmi_enabled: true,
  rendezvous_endpoint: 'rendezvous.example.org:10000',
};

/** Where a stage has no server of its own, so that none is waited for. */
export const NO_SERVER = {
  server: undefined,
  clock: {
    now: () => 0,
    today: () => new Date(0),
    sleep: () => Promise.reject(new Error('Nothing is to be waited for.')),
  },
};

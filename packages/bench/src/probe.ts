// What only those load who probe this machine: it brings what fetches models and simulates galaxies.
export { calibrationOfProbe } from './probe/calibration-of-probe.ts';
export { probe, type Probe, type ProbedProcess, type ProbeOptions } from './probe/probe.ts';

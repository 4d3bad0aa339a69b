import data from './calibration.json' with { type: 'json' };

/** Everything that was fitted to real data; written by training/fit_survey.py, which explains it. */
export const calibration = data;

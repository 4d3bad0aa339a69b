export { stageDimensions } from './stage-dimensions.ts';
export { traced, type Annotate, type Annotation } from './traced.ts';

export { traced, type Annotate, type Annotation } from './traced.ts';

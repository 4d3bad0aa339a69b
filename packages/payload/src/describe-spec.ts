import type { ScalingStep } from './image-scaling.ts';
import type { ModelSpec } from './model-spec.ts';

/** `g, r, i in 64 x 64 pixels (resized; asinh 0.01, multiply 0.1), and mag_g, mag_r, mag_i` */
export function describeSample({ image, features }: ModelSpec): string {
  const notes = [
    ...(image.fit === 'resize' ? ['resized'] : []),
    ...(image.layout === 'NHWC' ? ['bands last'] : []),
    ...((image.scaling?.length ?? 0) > 0 ? [`pixels: ${image.scaling?.map(describeStep).join(', ')}`] : []),
  ];
  const about = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  const beside = features.length === 0 ? '' : `, and ${features.join(', ')}`;
  return `${image.bands.join(', ')} in ${image.side} x ${image.side} pixels${about}${beside}`;
}

function describeStep(step: ScalingStep): string {
  return Object.entries(step)
    .map(([name, value]: [string, number | readonly number[]]) => `${name} ${[value].flat().join('/')}`)
    .join(' ');
}

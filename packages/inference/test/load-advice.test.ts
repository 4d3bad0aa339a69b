import { loadAdvice } from '../src/onnx/load-advice.ts';

describe('loadAdvice', () => {
  it.each([
    ['Unsupported model IR version: 99, max supported IR version: 13', 'opset_version=20'],
    ['Unsupported data type: 16.', 'bfloat16'],
    ["Type 'tensor(bfloat16)' of input parameter (image) of operator (Conv) is invalid.", 'bfloat16'],
    ["Could not find an implementation for Conv(11) node with name '/c/Conv'", 'model.float()'],
  ])('of %j', (message, advice) => expect(loadAdvice(message)).toContain(advice));

  it('follows a sentence that ends', () => {
    expect(loadAdvice('Unsupported data type: 16')).toMatch(/^\.\nIt has/);
    expect(loadAdvice('Unsupported data type: 16.')).toMatch(/^\nIt has/);
  });

  it('is none where nothing is known to help', () => {
    expect(loadAdvice('Unsupported data type: 161')).toBe('');
    expect(loadAdvice('it is damaged')).toBe('');
  });
});

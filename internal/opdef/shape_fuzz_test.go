package opdef

import (
	"maps"
	"slices"
	"testing"

	"github.com/metagraph/metagraph/internal/tensor"
)

// FuzzInferShapes checks that no combination of shapes, constants and attrs makes a rule panic, even if a constant does
// not have the shape that is given for it.
func FuzzInferShapes(f *testing.F) {
	ops := slices.Sorted(maps.Keys(shapeRules))
	for i := range ops {
		f.Add(uint16(i), []byte("\x18\x01"), []byte{2, 3, 4, 1, 2, 0, 255, 2, 1, 1}, int64(1))
		f.Add(uint16(i), []byte("\x18\x01"), []byte{2, 3, 4, 0, 0, 0}, int64(0xffff_0000_ffff))
		f.Add(uint16(i), []byte("\x18\x01"), []byte{9, 9, 9, 9}, int64(0x1_ffff_0000_ffff))
	}
	f.Fuzz(func(t *testing.T, op uint16, attr, shapes []byte, value int64) {
		var inputs []tensor.Shape
		for len(shapes) > 0 && len(inputs) < 12 {
			rank := int(shapes[0])
			shapes = shapes[1:]
			if rank > 8 {
				inputs = append(inputs, nil)
				continue
			}
			s := tensor.Shape{}
			for ; rank > 0 && len(shapes) > 0; rank-- {
				s, shapes = append(s, int64(int8(shapes[0]))), shapes[1:]
				s[len(s)-1] = max(unknown, s[len(s)-1])
			}
			inputs = append(inputs, s)
		}
		q := &ShapeQuery{
			Op: ops[int(op)%len(ops)], Producer: value, Inputs: inputs, Outputs: int(op) % 7,
			Attr: func(string) []byte { return attr },
			Value: func(i int) ([]int64, bool) {
				n := elements(inputs[i])
				if value>>(32+i)&1 != 0 {
					n = value >> 48 & 7 // the shape may say something else, or nothing
				}
				if n < 0 || n > 64 || value>>i&1 == 0 {
					return nil, false
				}
				return slices.Repeat([]int64{value >> i}, int(n)), true
			},
			Handle: func(int) tensor.Shape { return tensor.Shape{2, 3} },
		}
		out, err := InferShapes(q)
		if err != nil {
			_ = err.Error()
			return
		}
		for _, s := range out {
			for _, d := range s {
				if d < unknown {
					t.Errorf("%s: shape %v of inputs %v", q.Op, s, inputs)
				}
			}
		}
	})
}

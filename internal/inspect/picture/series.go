package picture

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
)

// fewestCopies is the smallest number of repeated scopes that become one box.
const fewestCopies = 6

// seriesIn returns the children of scope k as boxes: each child alone, or with the other children of its series. A series is a set of
// at least fewestCopies scopes with the same ops, whose names differ only in numbers. If there are still more than maxChildren boxes,
// the ops of a series may differ: a chain of layers must not lose some of its links to the box for all other scopes. The boxes are in
// the order of their first scopes in the graph; the scopes of a series are in the order of their numbers.
func (t *pictureTree) seriesIn(k int32) [][]int32 {
	s := &t.scopes[k]
	if s.series != nil {
		return s.series
	}
	boxes := make([][]int32, len(s.children))
	for i, child := range s.children {
		boxes[i] = []int32{child}
	}
	boxes = mergeSeries(boxes, func(child int32) string {
		return t.stem(child) + " " + strconv.FormatUint(t.scopes[child].shape, 16)
	})
	if len(boxes) > maxChildren {
		boxes = mergeSeries(boxes, t.stem)
	}
	for _, members := range boxes {
		slices.SortFunc(members, func(a, b int32) int {
			p, q := t.scopes[a].path, t.scopes[b].path
			return cmp.Or(cmp.Compare(len(p), len(q)), bytes.Compare(p, q))
		})
	}
	s.series = boxes
	return boxes
}

// mergeSeries merges the boxes whose first scopes have the same key, unless they are fewer than fewestCopies scopes together.
func mergeSeries(boxes [][]int32, key func(int32) string) [][]int32 {
	keys, members := make([]string, len(boxes)), make(map[string][]int32)
	for i, box := range boxes {
		keys[i] = key(box[0])
		members[keys[i]] = append(members[keys[i]], box...)
	}
	var merged [][]int32
	for i, box := range boxes {
		switch all := members[keys[i]]; {
		case len(all) >= fewestCopies:
			merged = append(merged, all)
			members[keys[i]] = nil
		case all != nil:
			merged = append(merged, box)
		}
	}
	return merged
}

// stem returns the last part of the path of scope k with # for each number, and without a number that follows a last underscore:
// "block" for block, block_1 and block_23.
func (t *pictureTree) stem(k int32) string {
	path := t.scopes[k].path
	name := path[bytes.LastIndexByte(path, '/')+1:]
	stem := make([]byte, 0, len(name))
	for i, c := range name {
		switch {
		case c < '0' || c > '9':
			stem = append(stem, c)
		case i == 0 || name[i-1] < '0' || name[i-1] > '9':
			stem = append(stem, '#')
		}
	}
	return string(bytes.TrimSuffix(stem, []byte("_#")))
}

// mix returns a hash of x whose sums tell sets apart (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

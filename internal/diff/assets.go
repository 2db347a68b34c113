package diff

import (
	"strconv"

	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// compareAssets compares the assets, regardless of their order.
func (c *comparison) compareAssets() *Part {
	a, b := assetList(c.a), assetList(c.b)
	p := &Part{A: len(a), B: len(b)}
	partner, taken := c.matchAssets(a, b)
	for i, x := range a {
		if partner[i] >= 0 {
			c.asset(p, x, b[partner[i]])
		} else if name := assetName(x); c.sel.name(name) {
			p.Removed = append(p.Removed, Change{Name: name, Value: x.text()})
		}
	}
	for j, y := range b {
		if name := assetName(y); !taken[j] && c.sel.name(name) {
			p.Added = append(p.Added, Change{Name: name, Value: y.text()})
		}
	}
	return p
}

// matchAssets pairs the assets of both sides: first by file and tensor, then by tensor, then by file. It returns the number in b of
// each asset's partner (-1 for none) and, for each asset of b, whether it has a partner.
func (c *comparison) matchAssets(a, b []*message) (partner []int, taken []bool) {
	partner, taken = make([]int, len(a)), make([]bool, len(b))
	for i := range partner {
		partner[i] = -1
	}
	keys := []func(m *message, tensor func(string) string) string{
		func(m *message, tensor func(string) string) string {
			v, ok := m.decoded.(*tfpb.AssetFileDef)
			if !ok {
				return string(m.raw)
			}
			return strconv.Quote(v.GetFilename()) + tensor(v.GetTensorInfo().GetName())
		},
		func(m *message, tensor func(string) string) string {
			v, _ := m.decoded.(*tfpb.AssetFileDef)
			return tensor(v.GetTensorInfo().GetName())
		},
		func(m *message, _ func(string) string) string {
			v, _ := m.decoded.(*tfpb.AssetFileDef)
			return v.GetFilename()
		},
	}
	same := func(name string) string { return name }
	for n, key := range keys {
		free := make(map[string][]int)
		for j, y := range b {
			if _, ok := y.decoded.(*tfpb.AssetFileDef); !taken[j] && (ok || n == 0) {
				k := key(y, same)
				free[k] = append(free[k], j)
			}
		}
		for i, x := range a {
			if _, ok := x.decoded.(*tfpb.AssetFileDef); partner[i] >= 0 || !ok && n > 0 {
				continue
			}
			for _, k := range []string{key(x, same), key(x, c.renames.translate)} {
				if list := free[k]; len(list) > 0 {
					partner[i], taken[list[0]], free[k] = list[0], true, list[1:]
					break
				}
			}
		}
	}
	return partner, taken
}

func (c *comparison) asset(p *Part, x, y *message) {
	if fields := x.compare(y, c.renames); len(fields) > 0 && c.sel.name(assetName(x), assetName(y)) {
		p.Changed = append(p.Changed, Change{Name: assetName(x), Fields: fields})
	}
}

func assetList(m *wire.MetaGraph) []*message {
	var out []*message
	for asset := range m.All(fieldnum.MetaGraphDef_AssetFileDef) {
		out = append(out, decode(asset, new(tfpb.AssetFileDef)))
	}
	return out
}

// assetName returns the file name of an asset.
func assetName(m *message) string {
	if a, ok := m.decoded.(*tfpb.AssetFileDef); ok {
		return printable.Quote(a.GetFilename())
	}
	return bytesText(m.raw)
}

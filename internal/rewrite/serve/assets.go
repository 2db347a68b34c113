package serve

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// An AssetFile is a file that a SavedModel includes.
type AssetFile struct {
	Tensor   string `json:"tensor"`   // `node:0`, which loaders set to the path
	Filename string `json:"filename"` // the name in the directory assets
	Path     string `json:"path"`     // the path in the graph; empty if the graph has none
}

// A StalePath is a constant with a path that is not an asset.
type StalePath struct {
	Node string `json:"node"`
	Path string `json:"path"`
}

// planAssets finds the files that the copy reads during initialization: its existing assets, the files in the collection
// asset_filepaths, and the files that fill tables.
func (p *planner) planAssets() error {
	taken := make(map[string]bool)
	known := make(map[string]bool)
	numbers := make(map[string]int) // last number that each file name got
	for _, asset := range p.listedAssets() {
		i, ok := p.g.Original([]byte(wire.NodeOf(asset.Tensor)))
		if !ok || p.cut && !p.view.Keeps(i) {
			p.NewAssets = true
			continue
		}
		taken[asset.Filename], known[asset.Tensor] = true, true
		p.Assets = append(p.Assets, asset)
	}
	paths, err := p.filePaths()
	if err != nil {
		return err
	}
	for _, i := range paths {
		var n wire.Node
		p.g.Node(i, &n)
		name, ok := stringConst(p.g, i, &n)
		if known[string(n.Name)+":0"] || !ok || name == "" {
			continue
		}
		base := path.Base(strings.ReplaceAll(name, `\`, "/"))
		filename := base
		for taken[filename] {
			numbers[base]++
			ext := path.Ext(base)
			filename = strings.TrimSuffix(base, ext) + "_" + strconv.Itoa(numbers[base]) + ext
		}
		taken[filename], known[string(n.Name)+":0"] = true, true
		p.Assets = append(p.Assets, AssetFile{Tensor: string(n.Name) + ":0", Filename: filename, Path: name})
		p.NewAssets = true
	}
	return p.findStalePaths(known)
}

// listedAssets returns the assets of the file, from asset_file_def or from the collection in which TensorFlow 1 stores
// the same messages.
func (p *planner) listedAssets() []AssetFile {
	var assets []AssetFile
	seen := make(map[string]bool)
	add := func(def []byte) {
		info, _ := wire.Merged(def, fieldnum.AssetFileDef_TensorInfo)
		name, filename := string(wire.Last(info, fieldnum.TensorInfo_Name)), string(wire.Last(def, fieldnum.AssetFileDef_Filename))
		if name == "" || seen[name] {
			return
		}
		seen[name] = true
		asset := AssetFile{Tensor: name, Filename: filename}
		if i, ok := p.g.Original([]byte(wire.NodeOf(name))); ok {
			var n wire.Node
			p.g.Node(i, &n)
			asset.Path, _ = stringConst(p.g, i, &n)
		}
		assets = append(assets, asset)
	}
	for asset := range p.m.All(fieldnum.MetaGraphDef_AssetFileDef) {
		add(asset)
	}
	value, _ := p.m.Collection(scope.AssetsKey)
	for packed := range scope.Entries(value, fieldnum.CollectionDef_AnyList) {
		add(wire.Last(packed, fieldnum.Any_Value))
	}
	return assets
}

// filePaths returns the constants that name files: those in the collection asset_filepaths, and those that an op reads
// to fill a table.
func (p *planner) filePaths() ([]int, error) {
	var listed []int
	value, _ := p.m.Collection(scope.AssetFilepathsKey)
	for name := range scope.Entries(value, fieldnum.CollectionDef_NodeList) {
		if i, ok := p.g.Original([]byte(wire.NodeOf(string(name)))); ok && p.served[i] {
			listed = append(listed, origin(p.g, i))
		}
	}
	read, err := tableFiles(p.g, p.served)
	return append(listed, read...), err
}

// origin returns the node from which node i takes its value unchanged, or takes its default.
func origin(g *draft.Graph, i int) int {
	var n wire.Node
	for range maxSteps {
		g.Node(i, &n)
		if op := string(n.Op); op != "Identity" && op != "PlaceholderWithDefault" || len(n.Inputs) == 0 {
			break
		}
		from, ok := g.Source(n.Inputs[0])
		if !ok || from >= g.Files() {
			break
		}
		i = from
	}
	return i
}

// maxSteps is how far origin goes.
const maxSteps = 16

// tableFiles returns nodes of the file that hold the name of a file. Kept ops fill tables from these files.
func tableFiles(g *draft.Graph, kept []bool) (found []int, err error) {
	err = g.Kept(kept, func(_ int, n *wire.Node) error {
		if strings.HasPrefix(string(n.Op), "InitializeTableFromTextFile") && len(n.Inputs) > 1 {
			if i, ok := g.Source(n.Inputs[1]); ok && i < g.Files() && kept[i] {
				found = append(found, origin(g, i))
			}
		}
		return nil
	})
	return found, err
}

// TablePaths returns the paths in constants from which kept nodes fill tables, without duplicates, in the order of their readers.
func TablePaths(g *draft.Graph, kept []bool) ([]string, error) {
	files, err := tableFiles(g, kept)
	var paths []string
	var n wire.Node
	for _, i := range files {
		g.Node(i, &n)
		if path, ok := stringConst(g, i, &n); ok && path != "" && !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	return paths, err
}

// stringConst returns the value of node i, which n holds, and whether it is a constant with a single string.
func stringConst(g *draft.Graph, i int, n *wire.Node) (string, bool) {
	if dtype, _ := g.Attr(i, n, "dtype"); string(n.Op) != "Const" || wire.AttrTypeOf(dtype) != tensor.String {
		return "", false
	}
	value, _ := g.Attr(i, n, "value")
	raw, _ := wire.AttrBytes(value, fieldnum.AttrValue_Tensor)
	list := tensor.ParseStrings(raw)
	if list.Len() != 1 {
		return "", false
	}
	return string(list.At(0)), true
}

// findStalePaths reports constants that contain an absolute path. Such a file exists on the machine that built the
// graph, but probably not where the copy is loaded.
func (p *planner) findStalePaths(assets map[string]bool) error {
	return p.g.Kept(p.served, func(i int, n *wire.Node) error {
		value, ok := stringConst(p.g, i, n)
		if ok && looksAbsolute(value) && !assets[string(n.Name)+":0"] {
			p.StalePaths = append(p.StalePaths, StalePath{Node: string(n.Name), Path: value})
		}
		return nil
	})
}

// looksAbsolute reports whether a string looks like an absolute path or a file URL.
func looksAbsolute(s string) bool {
	if len(s) > 4096 || strings.ContainsAny(s, "\n\x00") {
		return false
	}
	if strings.HasPrefix(s, "/") {
		return strings.Count(s, "/") > 1
	}
	if len(s) > 3 && s[1] == ':' && s[2] == '\\' {
		return true
	}
	for _, scheme := range []string{"gs://", "s3://", "hdfs://", "file://"} {
		if strings.HasPrefix(s, scheme) {
			return true
		}
	}
	return false
}

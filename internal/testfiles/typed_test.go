package testfiles_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/testfiles"
)

const module = "github.com/metagraph/metagraph"

// A listed is a package as `go list` describes it.
type listed struct {
	ImportPath, Dir, Export            string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports []string
}

// list returns the packages that the arguments of `go list` describe.
func list(t *testing.T, arguments ...string) []*listed {
	t.Helper()
	command := exec.Command("go", append([]string{"list", "-json"}, arguments...)...)
	command.Dir = testfiles.Path(t, "")
	out, err := command.Output()
	if err != nil {
		t.Skipf("go list: %v", err)
	}
	var all []*listed
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		p := new(listed)
		if err := d.Decode(p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// A checker checks the types of the project's packages, each once without tests, and again with its tests. All share the positions of
// files, by which an object is the same in each check.
type checker struct {
	positions *token.FileSet
	listed    map[string]*listed
	files     map[string]*ast.File
	checked   map[string]*types.Package // without tests
	others    types.Importer            // for packages outside the project
	see       func(checked)
}

// A checked is a checked package, or one with its tests.
type checked struct {
	path  string // the import path, which ends in _test for tests of another package
	files []*ast.File
	info  *types.Info
}

// checkTypes calls see with every package of the project and with its tests.
func checkTypes(t *testing.T, positions *token.FileSet, see func(checked)) {
	t.Helper()
	c := &checker{positions: positions, listed: make(map[string]*listed), files: make(map[string]*ast.File), checked: make(map[string]*types.Package), see: see}
	c.others = importer.ForCompiler(positions, "gc", func(path string) (io.ReadCloser, error) { return os.Open(c.listed[path].Export) })
	own := list(t, "./...")
	others := []string{"-deps", "-export"}
	for _, p := range own {
		c.listed[p.ImportPath] = p
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if !strings.HasPrefix(path, module) && path != "unsafe" && path != "C" {
				others = append(others, path)
			}
		}
	}
	for _, p := range list(t, others...) {
		c.listed[p.ImportPath] = p
	}
	for _, p := range own {
		if err := c.tests(p); err != nil {
			t.Fatal(err)
		}
	}
}

// tests checks a package and its tests.
func (c *checker) tests(p *listed) error {
	whole, err := c.Import(p.ImportPath)
	if err == nil && len(p.TestGoFiles) > 0 {
		whole, err = c.check(p, p.ImportPath, slices.Concat(p.GoFiles, p.TestGoFiles), c)
	}
	if err == nil && len(p.XTestGoFiles) > 0 {
		_, err = c.check(p, p.ImportPath+"_test", p.XTestGoFiles, importing(func(path string) (*types.Package, error) {
			if path == p.ImportPath {
				return whole, nil
			}
			return c.Import(path)
		}))
	}
	return err
}

type importing func(path string) (*types.Package, error)

func (i importing) Import(path string) (*types.Package, error) { return i(path) }

// Import implements types.Importer.
func (c *checker) Import(path string) (*types.Package, error) {
	p := c.listed[path]
	if p == nil || !strings.HasPrefix(path, module) {
		return c.others.Import(path)
	}
	if c.checked[path] == nil {
		var err error
		if c.checked[path], err = c.check(p, path, p.GoFiles, c); err != nil {
			return nil, err
		}
	}
	return c.checked[path], nil
}

// check parses and checks files of a package.
func (c *checker) check(p *listed, path string, names []string, imports types.Importer) (*types.Package, error) {
	files := make([]*ast.File, len(names))
	for i, name := range names {
		full := filepath.Join(p.Dir, name)
		if c.files[full] == nil {
			file, err := parser.ParseFile(c.positions, full, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			c.files[full] = file
		}
		files[i] = c.files[full]
	}
	info := &types.Info{Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object), Types: make(map[ast.Expr]types.TypeAndValue)}
	pkg, err := (&types.Config{Importer: imports}).Check(path, c.positions, files, info)
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", path, err)
	}
	c.see(checked{path, files, info})
	return pkg, nil
}

package testfiles_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/testfiles"
)

// TestExportedNamesAreUsed: another package uses every exported function, type, variable and constant; tests of other packages
// count. It ignores errors, and types that an exported declaration of the same package mentions.
func TestExportedNamesAreUsed(t *testing.T) {
	exported := make(map[string]bool) // "internal/wire.Scan"
	used := make(map[string]bool)
	mentioned := make(map[string]bool) // in declarations of its own package
	eachSource(t, func(folder, name string, file *ast.File) {
		uses(file, folder, used)
		if strings.HasPrefix(folder, "internal/") && !strings.HasSuffix(name, "_test.go") && !ast.IsGenerated(file) {
			for _, decl := range file.Decls {
				for _, name := range declared(decl) {
					exported[folder+"."+name] = true
				}
				mentions(decl, folder, mentioned)
			}
		}
	})
	for _, name := range slices.Sorted(maps.Keys(exported)) {
		if !used[name] && !mentioned[name] {
			t.Errorf("%s is exported, but no other package uses it", name)
		}
	}
}

// TestExportedMethodsAreUsed: another package selects the name of every exported method. It ignores methods that an interface of the
// project or of package fmt or errors may need.
func TestExportedMethodsAreUsed(t *testing.T) {
	methods := make(map[string][]string)         // by name, the packages that declare it
	selected := make(map[string]map[string]bool) // by name, the packages that select it
	needed := map[string]bool{"Error": true, "Unwrap": true, "Is": true, "As": true, "String": true}
	eachSource(t, func(folder, name string, file *ast.File) {
		from := folder
		if strings.HasSuffix(file.Name.Name, "_test") {
			from += " test"
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if selected[n.Sel.Name] == nil {
					selected[n.Sel.Name] = make(map[string]bool)
				}
				selected[n.Sel.Name][from] = true
			case *ast.InterfaceType:
				for _, method := range n.Methods.List {
					for _, id := range method.Names {
						needed[id.Name] = true
					}
				}
			case *ast.FuncDecl:
				if n.Recv != nil && n.Name.IsExported() && strings.HasPrefix(folder, "internal/") && !strings.HasSuffix(name, "_test.go") && !ast.IsGenerated(file) {
					methods[n.Name.Name] = append(methods[n.Name.Name], folder)
				}
			}
			return true
		})
	})
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		for _, folder := range slices.Compact(slices.Sorted(slices.Values(methods[name]))) {
			users := len(selected[name])
			if selected[name][folder] {
				users--
			}
			if users == 0 && !needed[name] {
				t.Errorf("method %s of package %s is exported, but no other package uses it", name, folder)
			}
		}
	}
}

// eachSource calls use with each Go file of the project: its folder, its name, and its content.
func eachSource(t *testing.T, use func(folder, name string, file *ast.File)) {
	t.Helper()
	root := testfiles.Path(t, "")
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && name != root:
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(name))
		use(filepath.ToSlash(folder), filepath.Base(name), file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// uses records the names of internal packages that a file of another package uses.
func uses(file *ast.File, folder string, used map[string]bool) {
	const module = "github.com/metagraph/metagraph/"
	imports := make(map[string]string)
	for _, spec := range file.Imports {
		from, ok := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module)
		if !ok || from == folder && !strings.HasSuffix(file.Name.Name, "_test") {
			continue
		}
		local := path.Base(from)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		imports[local] = from
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && imports[x.Name] != "" {
				used[imports[x.Name]+"."+s.Sel.Name] = true
			}
		}
		return true
	})
}

// declared returns the exported names that a declaration introduces, except for methods.
func declared(decl ast.Decl) []string {
	var names []string
	add := func(id *ast.Ident) {
		if id.IsExported() && !strings.HasPrefix(id.Name, "Err") && !strings.HasSuffix(id.Name, "Error") {
			names = append(names, id.Name)
		}
	}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			add(d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				add(s.Name)
			case *ast.ValueSpec:
				// Constants of one type belong together: unused ones are part of the list.
				if len(d.Specs) > 1 && d.Tok == token.CONST {
					continue
				}
				for _, id := range s.Names {
					add(id)
				}
			}
		}
	}
	return names
}

// mentions records the types in exported declarations: of fields, parameters and results.
func mentions(decl ast.Decl, folder string, mentioned map[string]bool) {
	note := func(at ast.Node) {
		ast.Inspect(at, func(n ast.Node) bool {
			if f, ok := n.(*ast.Field); ok {
				ast.Inspect(f.Type, func(n ast.Node) bool {
					if id, ok := n.(*ast.Ident); ok && id.IsExported() {
						mentioned[folder+"."+id.Name] = true
					}
					return true
				})
			}
			return true
		})
	}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() {
			note(d.Type)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() {
				note(s.Type)
			}
		}
	}
}

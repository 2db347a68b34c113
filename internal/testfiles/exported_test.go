package testfiles_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/testfiles"
)

// TestExportedNamesAreUsed: another package uses every exported function, type, variable, constant, method and field; tests of other
// packages count. It ignores fields of JSON, methods that an interface needs, constants that are declared together, and types that an
// exported declaration of the same package mentions.
func TestExportedNamesAreUsed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems compile other files")
	}
	positions := token.NewFileSet()
	e := exports{
		declared:   make(map[token.Pos]types.Object),
		used:       make(map[token.Pos]bool),
		mentioned:  make(map[token.Pos]bool),
		interfaces: map[*types.Interface]bool{stringer(): true},
	}
	checkTypes(t, positions, func(c checked) {
		e.uses(c)
		for _, file := range c.files {
			if strings.HasPrefix(c.path, module+"/internal/") && !ast.IsGenerated(file) && !strings.HasSuffix(positions.Position(file.Pos()).Filename, "_test.go") {
				e.file(file, c.info)
			}
		}
	})
	for _, at := range slices.Sorted(maps.Keys(e.declared)) {
		if object := e.declared[at]; !e.used[at] && !e.mentioned[at] && !e.needed(object) {
			t.Errorf("%s: %s is exported, but no other package uses it", positions.Position(at), object.Name())
		}
	}
}

// exports holds the exported names of the project, by the place of their declaration.
type exports struct {
	declared   map[token.Pos]types.Object
	used       map[token.Pos]bool        // in another package
	mentioned  map[token.Pos]bool        // types, in exported declarations of their package
	interfaces map[*types.Interface]bool // that occur in the project
}

// uses records the names of other packages that a package uses, and the interfaces that occur in it.
func (e *exports) uses(c checked) {
	for _, object := range c.info.Uses {
		switch o := object.(type) {
		case *types.Func:
			object = o.Origin()
		case *types.Var:
			object = o.Origin()
		}
		if object.Pkg() != nil && object.Pkg().Path() != c.path {
			e.used[object.Pos()] = true
		}
	}
	for _, value := range c.info.Types {
		each(value.Type, func(t types.Type) {
			if i, ok := t.Underlying().(*types.Interface); ok && i.NumMethods() > 0 {
				e.interfaces[i] = true
			}
		})
	}
}

// file records the exported names that a file declares, and the types that they mention.
func (e *exports) file(file *ast.File, info *types.Info) {
	mention := func(id *ast.Ident) {
		each(info.Defs[id].Type(), func(t types.Type) {
			if named, ok := t.(*types.Named); ok && named.Obj() != info.Defs[id] && id.IsExported() {
				e.mentioned[named.Origin().Obj().Pos()] = true
			}
		})
	}
	declare := func(id *ast.Ident) {
		if mention(id); id.IsExported() {
			e.declared[id.Pos()] = info.Defs[id]
		}
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if owner := ownerOf(info.Defs[d.Name].(*types.Func)); owner == nil || owner.Obj().Exported() {
				declare(d.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					declare(s.Name)
					if structure, ok := s.Type.(*ast.StructType); ok && s.Name.IsExported() {
						for _, field := range structure.Fields.List {
							note := declare
							if field.Tag != nil {
								note = mention
							}
							for _, id := range field.Names {
								note(id)
							}
						}
					}
				case *ast.ValueSpec:
					if d.Tok == token.VAR || len(d.Specs) == 1 {
						for _, id := range s.Names {
							declare(id)
						}
					}
				}
			}
		}
	}
}

// ownerOf returns the type that has a method, or nil for a function.
func ownerOf(function *types.Func) *types.Named {
	if function.Signature().Recv() == nil {
		return nil
	}
	t := function.Signature().Recv().Type()
	if pointer, ok := t.(*types.Pointer); ok {
		t = pointer.Elem()
	}
	return t.(*types.Named)
}

// needed reports whether an object is a method of an interface. Package errors looks for the methods of errors by name.
func (e *exports) needed(object types.Object) bool {
	method, ok := object.(*types.Func)
	if !ok || ownerOf(method) == nil {
		return false
	}
	if slices.Contains([]string{"Unwrap", "Is", "As"}, method.Name()) {
		return true
	}
	for i := range e.interfaces {
		named, _, _ := types.LookupFieldOrMethod(i, false, method.Pkg(), method.Name())
		if named != nil && types.Identical(named.Type(), method.Type()) {
			return true
		}
	}
	return false
}

// stringer returns fmt.Stringer, which package fmt looks for in any value.
func stringer() *types.Interface {
	text := types.NewVar(token.NoPos, nil, "", types.Typ[types.String])
	method := types.NewFunc(token.NoPos, nil, "String", types.NewSignatureType(nil, nil, nil, nil, types.NewTuple(text), false))
	return types.NewInterfaceType([]*types.Func{method}, nil).Complete()
}

// each calls use with a type, and with the types that it is written with: of elements, parameters, results, fields and methods.
func each(t types.Type, use func(types.Type)) {
	use(t)
	inner := t
	if named, ok := t.(*types.Named); ok {
		for i := range named.TypeArgs().Len() {
			each(named.TypeArgs().At(i), use)
		}
		return
	}
	switch t := inner.(type) {
	case *types.Alias:
		each(types.Unalias(t), use)
	case *types.Map:
		each(t.Key(), use)
		each(t.Elem(), use)
	case interface{ Elem() types.Type }:
		each(t.Elem(), use)
	case *types.Tuple:
		for v := range t.Variables() {
			each(v.Type(), use)
		}
	case *types.Signature:
		each(t.Params(), use)
		each(t.Results(), use)
	case *types.Struct:
		for f := range t.Fields() {
			each(f.Type(), use)
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

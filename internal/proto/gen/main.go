// Command gen makes the Go package in the directory above from the .proto files there.
//
//	go run -C internal/proto/gen .          writes the *.pb.go files, removes those no longer made
//	go run -C internal/proto/gen . -check   writes nothing, exits 1 and names the files that are stale
//
// It is protoc and protoc-gen-go in one program, at the versions that go.mod pins, so that the same
// .proto files give the same bytes on every machine.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/bufbuild/protocompile/protoutil"
	gengo "google.golang.org/protobuf/cmd/protoc-gen-go/internal_gengo"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// suffix is what every generated file's name ends with, and no other file's in the package.
const suffix = ".pb.go"

func main() {
	check := flag.Bool("check", false, "write nothing; exit 1 if a generated file is stale")
	dir := flag.String("dir", "..", "directory with the .proto files, which receives the generated files")
	flag.Parse()
	if err := run(context.Background(), *dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run generates the package in dir, or with check compares it with what it would generate.
func run(ctx context.Context, dir string, check bool) error {
	want, err := generate(ctx, dir)
	if err != nil {
		return err
	}
	stale, err := staleFiles(dir, want)
	if err != nil {
		return err
	}
	if check {
		if len(stale) > 0 {
			return fmt.Errorf("stale: %s (run go generate ./internal/proto)", strings.Join(stale, ", "))
		}
		return nil
	}
	for _, name := range stale {
		target := filepath.Join(dir, name)
		if content, ok := want[name]; ok {
			err = os.WriteFile(target, content, 0o644)
		} else {
			err = os.Remove(target)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// generate returns the generated files by name.
func generate(ctx context.Context, dir string) (map[string][]byte, error) {
	sources, err := protoFiles(dir)
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("no .proto files in %s", dir)
	}
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{dir}}),
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	compiled, err := compiler.Compile(ctx, sources...)
	if err != nil {
		return nil, err
	}
	plugin, err := protogen.Options{}.New(&pluginpb.CodeGeneratorRequest{
		FileToGenerate: sources,
		ProtoFile:      withDependencies(compiled),
	})
	if err != nil {
		return nil, err
	}
	names := goNames(sources)
	for _, file := range plugin.Files {
		if file.Generate {
			file.GeneratedFilenamePrefix = strings.TrimSuffix(names[file.Desc.Path()], suffix)
			gengo.GenerateFile(plugin, file)
		}
	}
	response := plugin.Response()
	if response.Error != nil {
		return nil, errors.New(response.GetError())
	}
	files := make(map[string][]byte)
	for _, file := range response.File {
		files[file.GetName()] = []byte(file.GetContent())
	}
	return files, nil
}

// protoFiles lists the .proto files below dir: slash-separated paths relative to dir, sorted.
func protoFiles(dir string) ([]string, error) {
	var files []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && path.Ext(name) == ".proto" {
			files = append(files, name)
		}
		return err
	})
	slices.Sort(files)
	return files, err
}

// withDependencies returns the descriptors of files and of all they import, imports first, as
// protogen wants them.
func withDependencies(files linker.Files) []*descriptorpb.FileDescriptorProto {
	var ordered []*descriptorpb.FileDescriptorProto
	seen := make(map[string]bool)
	var add func(file protoreflect.FileDescriptor)
	add = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] {
			return
		}
		seen[file.Path()] = true
		for i := range file.Imports().Len() {
			add(file.Imports().Get(i).FileDescriptor)
		}
		// A copy, because descriptors of the standard imports are shared.
		ordered = append(ordered, proto.CloneOf(protoutil.ProtoFromFileDescriptor(file)))
	}
	for _, file := range files {
		add(file)
	}
	return ordered
}

// goNames gives each .proto file the name of its Go file: its base name, since all of them lie in
// one directory, with the first directory of its path in front where two base names are equal
// (xla_error_codes.pb.go, tensorflow_error_codes.pb.go).
func goNames(sources []string) map[string]string {
	count := make(map[string]int)
	for _, source := range sources {
		count[path.Base(source)]++
	}
	names := make(map[string]string)
	for _, source := range sources {
		base := strings.TrimSuffix(path.Base(source), ".proto")
		if count[path.Base(source)] > 1 {
			top, _, _ := strings.Cut(source, "/")
			base = top + "_" + base
		}
		names[source] = base + suffix
	}
	return names
}

// staleFiles names the generated files in dir that differ from want, are missing or are not in
// want any more, sorted.
func staleFiles(dir string, want map[string][]byte) ([]string, error) {
	var stale []string
	for name, content := range want {
		have, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err != nil || !bytes.Equal(have, content) {
			stale = append(stale, name)
		}
	}
	existing, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil {
		return nil, err
	}
	for _, file := range existing {
		if _, ok := want[filepath.Base(file)]; !ok {
			stale = append(stale, filepath.Base(file))
		}
	}
	slices.Sort(stale)
	return stale, nil
}

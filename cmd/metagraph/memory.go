package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// limitMemory makes the garbage collector work harder before memory exceeds what docs/reliability.md promises for the inputs, of which
// one more has the given size. GOMEMLIMIT takes precedence.
func (env *environment) limitMemory(size int64) {
	const (
		basis    = 60 << 20
		perInput = 7
	)
	if _, set := os.LookupEnv("GOMEMLIMIT"); set {
		return
	}
	if env.read == 0 {
		afterCollections(raiseLimit)
	}
	env.read += size
	debug.SetMemoryLimit(basis + perInput*env.read)
}

// raiseLimit raises the limit if the program cannot stay below it. Otherwise the collector would run without pause, and in vain.
func raiseLimit() {
	const overhead = 16 << 20 // of the runtime
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if least := int64(live[0].Value.Uint64())/4*5 + overhead; least > debug.SetMemoryLimit(-1) {
		debug.SetMemoryLimit(least)
	}
}

// afterCollections calls f after each garbage collection. It relies on an object that each collection finds unreachable.
func afterCollections(f func()) {
	type object struct{ _ [16]byte } // tiny objects share memory and may stay
	var again func(*object)
	again = func(o *object) {
		f()
		runtime.SetFinalizer(o, again)
	}
	runtime.SetFinalizer(new(object), again)
}

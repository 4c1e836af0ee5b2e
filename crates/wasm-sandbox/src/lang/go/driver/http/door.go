//go:build go1.22

package wasm_sandbox_http

import (
	"context"
	"encoding/binary"
	"runtime/metrics"
	"unsafe"
)

// Frames of the host's, as docs/abi.md says: a head, and what is carried behind it, both ways.
const (
	headLen = 16
	// Bytes of a body that one frame carries.
	pieceLen = 64 << 10
	// Bytes of a head that is sent, and of numbers that are waited for; whoever has none among these looks again as often as others.
	requestLen = 128 << 10
	waitedLen  = 4096
	// Bytes of a message that an answer may have.
	messageLen = 1024
	// How it went, of what has to wait.
	late = -12
)

// What can be waited for beside requests to others.
const (
	reads  = 2
	writes = 4
)

// How long the host waits at a time, in milliseconds: timers of the guest's are late by as much while nothing else happens.
const patience = 10

//go:wasmimport wasm_sandbox net
func hand(frame unsafe.Pointer, len uint32) int32

// What is asked of the host.
type frame struct {
	kind, asks byte
	port       uint16
	// A request to another server.
	handle  uint32
	carried []byte
	// Bytes of a body that are wanted, where some are.
	wanted int
	// Bytes that the answer may have otherwise.
	room int
	// What is waited for instead of the handle, where the frame is about the request that is answered.
	also uint16
	// Milliseconds that the host may wait.
	patience int32
	// What is handed over, made once for as often as it is asked.
	bytes []byte
}

// How it went, and what came.
func (asked *frame) once() (int32, []byte) {
	length := len(asked.carried) + asked.wanted
	if asked.bytes == nil {
		asked.bytes = make([]byte, headLen+max(length, asked.room))
	}
	bytes := asked.bytes
	bytes[0], bytes[1] = asked.kind, asked.asks
	binary.LittleEndian.PutUint16(bytes[2:], asked.port)
	binary.LittleEndian.PutUint32(bytes[4:], asked.handle)
	binary.LittleEndian.PutUint32(bytes[8:], uint32(length))
	binary.LittleEndian.PutUint32(bytes[12:], uint32(asked.patience))
	copy(bytes[headLen:], asked.carried)
	if code := hand(unsafe.Pointer(unsafe.SliceData(bytes)), uint32(len(bytes))); code != 0 {
		panic("the host does not know a frame of this version")
	}
	status := int32(binary.LittleEndian.Uint32(bytes))
	return status, bytes[headLen:][:binary.LittleEndian.Uint32(bytes[4:])]
}

// As once, when it need not wait any more; other goroutines go on meanwhile.
func (asked *frame) ask(context context.Context) (int32, []byte, error) {
	for {
		if status, came := asked.once(); status != late {
			return status, came, nil
		}
		if err := wait(context, asked); err != nil {
			return 0, nil, err
		}
	}
}

// A goroutine that waits for the host.
type waiter struct {
	asked *frame
	woken chan struct{}
	next  *waiter
}

// The last that has come. There is one thread, which is not taken away from where nothing is allocated.
var waiters *waiter

func wait(context context.Context, asked *frame) error {
	one := &waiter{asked: asked, woken: make(chan struct{})}
	one.next, waiters = waiters, one
	if one.next == nil {
		go waitForAll()
	}
	select {
	case <-one.woken:
		return nil
	case <-context.Done():
		return context.Err()
	}
}

// Waits for whatever the goroutines wait for, unless others have something to do, and has all of them look again.
func waitForAll() {
	all := frame{kind: 'n', asks: 'w', patience: patience}
	if isBusy() {
		all.patience = 0
	}
	for one := waiters; one != nil; one = one.next {
		all.port |= one.asked.also
		if one.asked.kind == 'n' && len(all.carried) < waitedLen {
			all.carried = binary.LittleEndian.AppendUint32(all.carried, one.asked.handle)
		}
	}
	all.once()
	waited := waiters
	waiters = nil
	for one := waited; one != nil; one = one.next {
		close(one.woken)
	}
}

var runnable = []metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}}

func isBusy() bool {
	metrics.Read(runnable)
	return runnable[0].Value.Uint64() > 0
}

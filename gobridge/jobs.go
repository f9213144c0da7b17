package main

import (
	"context"
	"sync"
)

const nobody = -1

// job is a piece of work that somebody outside waits for, cancels, or drops.
type job struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu        sync.Mutex
	wake      int64 // where to write a byte when over, or nobody
	over      bool
	committed bool // past the point where it could be undone
	canceled  bool
	dropped   bool
	result    []byte
	err       error
	abandoned func() // undoes a result that nobody took
}

var jobs table[*job]

func newJob() *job {
	ctx, cancel := context.WithCancel(context.Background())
	return &job{ctx: ctx, cancel: cancel, wake: nobody}
}

// startJob runs work on a goroutine of its own. Work that changes something asks commit before it
// returns, and undoes what it did when told no.
func startJob(work func(j *job) ([]byte, error)) uint64 {
	j := newJob()
	h := jobs.add(j)
	go j.do(h, work)
	return h
}

// finishedJob does work at once: what is over sooner than another goroutine would have begun.
func finishedJob(work func(j *job) ([]byte, error)) uint64 {
	j := newJob()
	h := jobs.add(j)
	j.do(h, work)
	return h
}

func (j *job) do(h uint64, work func(j *job) ([]byte, error)) {
	var result []byte
	err := protect(func() (err error) {
		result, err = work(j)
		return err
	})
	j.finish(h, result, err)
}

func (j *job) finish(h uint64, result []byte, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.result, j.err, j.over = result, err, true
	j.cancel()
	if j.dropped {
		j.forget(h)
	}
	markFinished(h)
	if j.wake != nobody {
		wake(j.wake)
		j.wake = nobody
	}
}

// commit is the last moment to be cancelled: false means undo.
func (j *job) commit() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.committed = !j.canceled
	return j.committed
}

func (j *job) requestCancel() (tooLate bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.over || j.committed {
		return true
	}
	j.canceled = true
	j.cancel()
	return false
}

// watch has a byte written when the job is over, unless it is already.
func (j *job) watch(wake int64) (over bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.over {
		j.wake = wake
	}
	return j.over
}

// takeJob gives the result of a finished job, once.
func takeJob(h uint64) ([]byte, error) {
	j, err := jobs.get(h)
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.over {
		return nil, faultf(codePanic, "job %d is not finished", h)
	}
	_, _ = jobs.take(h)
	return j.result, j.err
}

// dropJob cancels a job and forgets it, now or when it is over.
func dropJob(h uint64) error {
	j, err := jobs.get(h)
	if err != nil {
		return err
	}
	j.requestCancel()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wake = nobody
	j.dropped = true
	if j.over {
		j.forget(h)
	}
	return nil
}

// forget leaves nothing behind of a finished job that nobody wants.
func (j *job) forget(h uint64) {
	_, _ = jobs.take(h)
	if j.err == nil && j.abandoned != nil {
		j.abandoned()
	}
}

var errCanceled = faultf(codeCanceled, "cancelled; nothing was changed")

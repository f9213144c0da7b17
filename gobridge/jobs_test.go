//go:build unix

package main

import (
	"errors"
	"sync"
	"testing"
)

func TestJobResultIsTakenOnce(t *testing.T) {
	t.Parallel()
	h := startJob(func(*job) ([]byte, error) { return []byte("done"), nil })
	if result, err := await(t, h); string(result) != "done" || err != nil {
		t.Errorf("result is %q, %v", result, err)
	}
	_, err := takeJob(h)
	wantFault(t, err, codeHandle)
	wantFault(t, dropJob(h), codeHandle)
}

func TestJobErrorAndPanicAreItsResult(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	if _, err := await(t, startJob(func(*job) ([]byte, error) { return nil, failed })); err != failed { //nolint:errorlint // itself
		t.Errorf("error is %v", err)
	}
	_, err := await(t, startJob(func(*job) ([]byte, error) { panic("odd") }))
	wantFault(t, err, codePanic, "odd")
}

func TestUnfinishedJobIsNotTaken(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	h := startJob(func(*job) ([]byte, error) {
		<-release
		return []byte("late"), nil
	})
	if _, err := takeJob(h); err == nil {
		t.Error("an unfinished job was taken")
	}
	close(release)
	if result, err := await(t, h); string(result) != "late" || err != nil {
		t.Errorf("result is %q, %v", result, err)
	}
}

func TestCancelReachesTheJobUntilItCommits(t *testing.T) {
	t.Parallel()
	h := startJob(func(j *job) ([]byte, error) {
		<-j.ctx.Done()
		if j.commit() {
			return nil, nil
		}
		return nil, errCanceled
	})
	j, err := jobs.get(h)
	check(t, err)
	if tooLate := j.requestCancel(); tooLate {
		t.Error("too late for a job that waits")
	}
	_, err = await(t, h)
	wantFault(t, err, codeCanceled)
	if tooLate := j.requestCancel(); !tooLate {
		t.Error("not too late for a finished job")
	}
}

func TestCancelAfterCommitIsTooLate(t *testing.T) {
	t.Parallel()
	committed, release := make(chan struct{}), make(chan struct{})
	h := startJob(func(j *job) ([]byte, error) {
		if !j.commit() {
			return nil, errCanceled
		}
		close(committed)
		<-release
		return []byte("stands"), nil
	})
	<-committed
	j, err := jobs.get(h)
	check(t, err)
	if tooLate := j.requestCancel(); !tooLate {
		t.Error("a committed job was cancelled")
	}
	close(release)
	if result, err := await(t, h); string(result) != "stands" || err != nil {
		t.Errorf("result is %q, %v", result, err)
	}
}

func TestEitherCancelOrCommitWins(t *testing.T) {
	t.Parallel()
	for range 500 {
		h := startJob(func(j *job) ([]byte, error) {
			if !j.commit() {
				return nil, errCanceled
			}
			return nil, nil
		})
		j, err := jobs.get(h)
		check(t, err)
		tooLate := j.requestCancel()
		if _, err := await(t, h); tooLate != (err == nil) {
			t.Fatalf("too late: %v, but the job ended with %v", tooLate, err)
		}
	}
}

func TestWatchSendsOneByteAtTheEnd(t *testing.T) {
	t.Parallel()
	fd, peer := wakeSocket(t)
	release := make(chan struct{})
	h := startJob(func(*job) ([]byte, error) {
		<-release
		return nil, nil
	})
	j, err := jobs.get(h)
	check(t, err)
	if j.watch(fd) {
		t.Error("an unfinished job is over")
	}
	close(release)
	wantBytes(t, peer, 1)
	if !j.watch(fd) {
		t.Error("a finished job is not over")
	}
	_, err = await(t, h)
	check(t, err)
	wantBytes(t, peer, 0)
}

func TestNothingIsSentAfterTheWatchEnded(t *testing.T) {
	t.Parallel()
	fd, peer := wakeSocket(t)
	release := make(chan struct{})
	h := startJob(func(*job) ([]byte, error) {
		<-release
		return nil, nil
	})
	j, err := jobs.get(h)
	check(t, err)
	j.watch(fd)
	j.watch(nobody)
	close(release)
	_, err = await(t, h)
	check(t, err)
	wantBytes(t, peer, 0)
}

// A byte comes exactly if watch said that the job was not over yet.
func TestWatchRacesTheEnd(t *testing.T) {
	t.Parallel()
	fd, peer := wakeSocket(t)
	for range 500 {
		h := startJob(func(*job) ([]byte, error) { return nil, nil })
		j, err := jobs.get(h)
		check(t, err)
		if !j.watch(fd) {
			wantBytes(t, peer, 1)
		}
		_, err = await(t, h)
		check(t, err)
	}
	wantBytes(t, peer, 0)
}

func TestDroppedJobsAreForgotten(t *testing.T) {
	t.Parallel()
	dropped := func(h uint64) func() bool {
		return func() bool {
			_, err := jobs.get(h)
			return err != nil
		}
	}
	release := make(chan struct{})
	before := startJob(func(*job) ([]byte, error) {
		<-release
		return nil, nil
	})
	check(t, dropJob(before))
	close(release)
	eventually(t, "a job dropped before its end is gone", dropped(before))

	after := startJob(func(*job) ([]byte, error) { return nil, nil })
	j, err := jobs.get(after)
	check(t, err)
	eventually(t, "the job's end", func() bool { return j.watch(nobody) })
	check(t, dropJob(after))
	if !dropped(after)() {
		t.Error("a job dropped after its end is still there")
	}

	var racers sync.WaitGroup
	raced := []uint64{}
	for range 500 {
		h := startJob(func(*job) ([]byte, error) { return nil, nil })
		racers.Go(func() {
			if err := dropJob(h); err != nil {
				t.Error(err)
			}
		})
		raced = append(raced, h)
	}
	racers.Wait()
	for _, h := range raced {
		eventually(t, "a job dropped near its end is gone", dropped(h))
	}
}

package main

import "sync"

// next is shared by all tables: a handle of one kind is never taken for one of another.
var handles struct {
	sync.Mutex
	last uint64
}

func newHandle() uint64 {
	handles.Lock()
	defer handles.Unlock()
	handles.last++
	return handles.last
}

// table maps handles to what they stand for. 0 is never valid and no value is reused.
type table[T any] struct {
	mu    sync.Mutex
	items map[uint64]T
}

func (t *table[T]) add(item T) uint64 {
	h := newHandle()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.items == nil {
		t.items = map[uint64]T{}
	}
	t.items[h] = item
	return h
}

func (t *table[T]) get(h uint64) (T, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.find(h)
}

// find is get for who holds the lock.
func (t *table[T]) find(h uint64) (T, error) {
	item, ok := t.items[h]
	if !ok {
		return item, faultf(codeHandle, "handle %d is dead", h)
	}
	return item, nil
}

func (t *table[T]) take(h uint64) (T, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	item, err := t.find(h)
	delete(t.items, h)
	return item, err
}

func (t *table[T]) all() []T {
	t.mu.Lock()
	defer t.mu.Unlock()
	items := make([]T, 0, len(t.items))
	for _, item := range t.items {
		items = append(items, item)
	}
	return items
}

func (t *table[T]) size() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.items)
}

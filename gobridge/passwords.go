package main

import "golang.org/x/crypto/bcrypt"

// hashPassword makes what the server takes in place of a password. Source: server.comparePasswords.
func hashPassword(password string, cost int) uint64 {
	return startJob(func(*job) ([]byte, error) {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
		if err != nil {
			return nil, configFault("password", "%v", err)
		}
		return hash, nil
	})
}

redis.call('HSET', B(1), 'spent', ARGV[4])
keep_account(1)
return answer(1)

-- Names the state of a new store: the first letter says whether anything may be missing from it.
local t = redis.call('TIME')
redis.call('SET', KEYS[1], ARGV[1] .. string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000)), 'NX')
return redis.call('GET', KEYS[1])

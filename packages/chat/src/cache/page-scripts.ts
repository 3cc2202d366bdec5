/** No page is kept for longer, and neither is the list of the pages of a conversation. */
const pageTtlMaxS = 10 * 60
/** Longer than any page is on its way from the database into the cache. */
const forgottenTtlS = 60

/**
 * Keeps a page and notes it at each conversation that it shows, unless one of them was forgotten at a later version meanwhile.
 * `KEYS`: the page, then for each conversation its list of pages and what was forgotten of it. `ARGV`: the entry, its lifetime in
 * seconds, then the versions of the conversations.
 */
export const keepScript = `
for i = 3, #ARGV do
  local forgotten = redis.call('GET', KEYS[2 * i - 3])
  if forgotten and tonumber(ARGV[i]) < tonumber(forgotten) then return 0 end
end
for i = 3, #ARGV do
  redis.call('SADD', KEYS[2 * i - 4], KEYS[1])
  redis.call('EXPIRE', KEYS[2 * i - 4], ${pageTtlMaxS})
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1`

/** Drops the pages of a conversation. `KEYS`: its list of pages, what was forgotten of it. `ARGV`: the version before which it is forgotten. */
export const forgetScript = `
for _, page in ipairs(redis.call('SMEMBERS', KEYS[1])) do redis.call('UNLINK', page) end
redis.call('UNLINK', KEYS[1])
local forgotten = tonumber(redis.call('GET', KEYS[2]) or '0')
redis.call('SET', KEYS[2], math.max(forgotten, tonumber(ARGV[1])), 'EX', ${forgottenTtlS})`

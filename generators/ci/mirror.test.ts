import { describe, expect, it } from 'vitest';
import { createGithubMirror, type DeploymentNews } from './mirror.ts';
import type { Patience } from './retry.ts';
import { type FakeGithub, startFakeGithub } from './testing/fake-github.ts';

const commit = 'c0ffee'.repeat(7).slice(0, 40);
const news: DeploymentNews = {
  environment: 'production',
  commit,
  state: 'success',
  description: 'Promote staging to production',
  logUrl: 'https://gitlab.example/highfunk/defimon/-/jobs/1',
};
const release = { tag: 'production-c0ffee', commit, name: 'Promote', notes: '- network/base' };

describe(createGithubMirror.name, () => {
  it('posts a deployment, that it is under way, and how it ended', async () => {
    await using github = await startFakeGithub([commit]);

    await mirrorOf(github).postDeployment(news);

    expect(github.deployments).toMatchObject([{ sha: commit, environment: 'production' }]);
    expect(github.statuses).toEqual(['in_progress of 1', 'success of 1']);
  });

  it('adds to the deployment that is there when the job is run again', async () => {
    await using github = await startFakeGithub([commit]);
    await mirrorOf(github).postDeployment({ ...news, state: 'failure' });

    await mirrorOf(github).postDeployment(news);

    expect(github.deployments).toHaveLength(1);
    expect(github.statuses.at(-1)).toBe('success of 1');
  });

  it('shortens a description to what GitHub takes', async () => {
    await using github = await startFakeGithub([commit]);

    await mirrorOf(github).postDeployment({ ...news, description: 'x'.repeat(500) });

    expect(github.statuses).toHaveLength(2);
  });

  it('waits for the mirror to have the commit', async () => {
    await using github = await startFakeGithub([]);
    const pauses: number[] = [];
    const onPause = (ms: number): void => {
      pauses.push(ms);
      if (pauses.length === 3) github.commits.add(commit);
    };

    await mirrorOf(github, onPause).postDeployment(news);

    expect(pauses).toEqual([1_000, 2_000, 4_000]);
    expect(github.deployments).toHaveLength(1);
  });

  it('says that the mirror is behind when it never gets the commit', async () => {
    await using github = await startFakeGithub([]);

    await expect(mirrorOf(github).postDeployment(news)).rejects.toThrow('see whether it is still mirrored');
    await expect(mirrorOf(github).postRelease(release)).rejects.toThrow('see whether it is still mirrored');
  });

  it("waits until the rate limit ends, by either of GitHub's ways to say it", async () => {
    await using github = await startFakeGithub([commit]);
    github.failures.push(
      {
        status: 403,
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1060' },
        body: { message: 'API rate limit exceeded' },
      },
      { status: 403, headers: { 'retry-after': '5' }, body: { message: 'You have exceeded a secondary rate limit' } },
    );
    const pauses: number[] = [];

    await mirrorOf(github, (ms) => pauses.push(ms)).postDeployment(news);

    expect(pauses).toEqual([61_000, 5_000]);
  });

  it('does not post twice when the answer to the first post was lost', async () => {
    await using github = await startFakeGithub([commit]);
    github.failures.push({ status: 200, body: [] }, { status: 0 });

    await mirrorOf(github).postDeployment(news);

    expect(github.deployments).toHaveLength(1);
  });

  it('writes a release, and rewrites it when the job is run again', async () => {
    await using github = await startFakeGithub([commit]);

    expect(await mirrorOf(github).postRelease(release)).toBe('created');
    expect(await mirrorOf(github).postRelease({ ...release, notes: 'better' })).toBe('updated');

    expect(github.releases).toMatchObject([{ tag_name: release.tag, target_commitish: commit, body: 'better' }]);
  });

  it.each([
    [401, { message: 'Bad credentials' }, 'GITHUB_TOKEN is wrong'],
    [403, { message: 'Resource not accessible by personal access token' }, 'write access'],
    [404, { message: 'Not Found' }, 'no such repository'],
    [422, { message: 'Validation Failed' }, 'Validation Failed'],
  ])('ends at once with what to do at %i', async (status, body, said) => {
    await using github = await startFakeGithub([commit]);
    github.failures.push({ status, body });

    await expect(mirrorOf(github).postDeployment(news)).rejects.toThrow(said);

    expect(github.calls).toHaveLength(1);
  });

  it('refuses an answer of another shape, and a repository without an owner', async () => {
    await using github = await startFakeGithub([commit]);
    github.failures.push({ status: 200, body: { message: 'moved' } });

    await expect(mirrorOf(github).postDeployment(news)).rejects.toThrow('GitHub, deployments');
    expect(() => createGithubMirror({ ...optionsOf(github), repository: 'defimon' })).toThrow('write owner/name');
  });
});

function mirrorOf(github: FakeGithub, onPause: (ms: number) => void = () => {}) {
  return createGithubMirror(optionsOf(github, onPause));
}

/** At 1000 s past the epoch, and nobody waits. */
function optionsOf(github: FakeGithub, onPause: (ms: number) => void = () => {}) {
  const patience: Patience = {
    attemptsMax: 6,
    pauseMsMax: 120_000,
    nowMs: () => 1_000_000,
    pause: async (ms) => onPause(ms),
  };
  return { repository: 'highfunk/defimon', token: 'ghp_test', apiUrl: github.url, patience };
}
